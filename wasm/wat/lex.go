package wat

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// tokenKind is the kind of a token (specification 6.3.1).
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokLeft
	tokRight
	tokKeyword  // begins with a small letter
	tokNumber   // begins with a digit, or a sign; what number it is, and whether it is one, is seen when it is used
	tokString   // with its quotes
	tokID       // $name
	tokQuotedID // $"name"
	tokReserved // looks like a token, and is none
)

// token is a piece of the source, from off to end. partner is, of a left parenthesis, the token that closes it; where
// nothing does it is the token at the end of the text.
type token struct {
	off, end uint32
	partner  uint32
	kind     tokenKind
}

// text is a source with its tokens. The last is tokEOF, and has no length.
type text struct {
	file   string
	src    []byte
	tokens []token
	annots []annot
}

// annot is an annotation that means something (see annots.go). It stands before the token at.
type annot struct {
	at     int
	off    int // of its parenthesis in the source
	id     string
	tokens []token // what stands in it, the last is its right parenthesis
}

// idChars are the characters of identifiers and keywords.
var idChars = func() (set [256]bool) {
	for c := '0'; c <= '9'; c++ {
		set[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		set[c], set[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-./:<=>?@\\^_`|~" {
		set[c] = true
	}
	return set
}()

// lexer cuts a source into tokens. err is the first error; after it nothing more is read.
type lexer struct {
	text
	pos  int
	open []uint32 // left parentheses that are not closed yet
	err  *Error
}

// lex cuts src into tokens.
func lex(file string, src []byte) (*text, error) {
	l := &lexer{text: text{file: file, src: src}}
	if len(src) >= math.MaxUint32/2 {
		return nil, &Error{File: file, Line: 1, Column: 1, Message: "text too large"}
	}
	l.tokens = make([]token, 0, len(src)/5+1)
	for l.err == nil {
		t, ok := l.next()
		if !ok {
			break
		}
		switch t.kind {
		case tokLeft:
			if l.pos < len(src) && src[l.pos] == '@' {
				l.annotation(int(t.off))
				continue
			}
			l.open = append(l.open, uint32(len(l.tokens)))
		case tokRight:
			if n := len(l.open); n > 0 {
				l.tokens[l.open[n-1]].partner = uint32(len(l.tokens))
				l.open = l.open[:n-1]
			}
		}
		l.tokens = append(l.tokens, t)
	}
	if l.err != nil {
		return nil, l.err
	}
	for _, i := range l.open {
		l.tokens[i].partner = uint32(len(l.tokens))
	}
	l.tokens = append(l.tokens, token{off: uint32(len(src)), end: uint32(len(src))})
	return &l.text, nil
}

func (l *lexer) fail(off int, format string, args ...any) {
	if l.err == nil {
		l.err = errorAt(l.file, l.src, off, format, args...)
	}
}

// next reads a token; ok is false at the end of the source, and after an error.
func (l *lexer) next() (t token, ok bool) {
	l.space()
	if l.err != nil || l.pos >= len(l.src) {
		return token{}, false
	}
	start := l.pos
	switch c := l.src[start]; c {
	case '(':
		l.pos++
		return token{uint32(start), uint32(l.pos), 0, tokLeft}, true
	case ')':
		l.pos++
		return token{uint32(start), uint32(l.pos), 0, tokRight}, true
	default:
		kind := l.word()
		return token{uint32(start), uint32(l.pos), 0, kind}, l.err == nil
	}
}

// space passes over white space and comments.
func (l *lexer) space() {
	for l.err == nil && l.pos < len(l.src) {
		switch l.src[l.pos] {
		case ' ', '\t', '\n', '\r':
			l.pos++
		case ';':
			if !l.follows(";;") {
				return
			}
			end := bytes.IndexAny(l.src[l.pos:], "\n\r")
			if end < 0 {
				end = len(l.src) - l.pos
			}
			l.comment(l.pos, l.pos+end)
		case '(':
			if !l.follows("(;") {
				return
			}
			l.blockComment()
		default:
			return
		}
	}
}

func (l *lexer) follows(s string) bool { return bytes.HasPrefix(l.src[l.pos:], []byte(s)) }

// comment passes over what is a comment, and has to be UTF-8 nevertheless.
func (l *lexer) comment(start, end int) {
	if !utf8.Valid(l.src[start:end]) {
		for validRune(l.src[start:end]) {
			_, n := utf8.DecodeRune(l.src[start:end])
			start += n
		}
		l.fail(start, "malformed UTF-8 encoding")
		return
	}
	l.pos = end
}

// validRune tells whether b begins with a character.
func validRune(b []byte) bool {
	r, n := utf8.DecodeRune(b)
	return r != utf8.RuneError || n > 1
}

// blockComment passes over a comment in (; ;). They nest.
func (l *lexer) blockComment() {
	depth := 0
	for i := l.pos; i+1 < len(l.src); i++ {
		switch {
		case l.src[i] == '(' && l.src[i+1] == ';':
			depth++
			i++
		case l.src[i] == ';' && l.src[i+1] == ')':
			depth--
			i++
			if depth == 0 {
				l.comment(l.pos, i+1)
				return
			}
		}
	}
	l.fail(l.pos, "unclosed comment")
}

// word reads what stands between white space and parentheses, and says what kind of token it is.
func (l *lexer) word() tokenKind {
	start := l.pos
	strings, firstString, odd := 0, 0, false
	for l.pos < len(l.src) && l.err == nil {
		c := l.src[l.pos]
		switch {
		case idChars[c]:
			l.pos++
			continue
		case c == '"':
			if strings == 0 {
				firstString = l.pos
			}
			strings++
			l.string()
			continue
		case c == ';' && l.follows(";;"):
		case c == ',' || c == ';' || c == '[' || c == ']' || c == '{' || c == '}':
			odd = true
			l.pos++
			continue
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '(' || c == ')':
		case c < utf8.RuneSelf || validRune(l.src[l.pos:]):
			l.fail(l.pos, "illegal character")
		default:
			l.fail(l.pos, "malformed UTF-8 encoding")
		}
		break
	}
	if l.err != nil {
		return tokReserved
	}
	first := l.src[start]
	switch {
	case odd:
		return tokReserved
	case strings == 1 && firstString == start && l.src[l.pos-1] == '"' && l.stringEnd(start) == l.pos:
		return tokString
	case strings == 1 && first == '$' && firstString == start+1 && l.stringEnd(start+1) == l.pos:
		return tokQuotedID
	case strings > 0:
		return tokReserved
	case first == '$':
		return tokID
	case first >= 'a' && first <= 'z':
		return tokKeyword
	case first >= '0' && first <= '9' || first == '+' || first == '-':
		return tokNumber
	}
	return tokReserved
}

// stringEnd finds the end of the string that begins at off, which has been read before.
func (l *lexer) stringEnd(off int) int {
	for i := off + 1; ; i++ {
		switch l.src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// string passes over a string, and checks it (specification 6.3.3).
func (l *lexer) string() {
	start := l.pos
	l.pos++
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '"':
			l.pos++
			return
		case c == '\n' || c == '\r':
			l.fail(start, "%sunclosed string", l.emptyBefore(start))
			return
		case c < ' ' || c == 0x7F:
			l.fail(l.pos, "%sillegal character in string", l.emptyBefore(start))
			return
		case c == '\\':
			_, n := escape(nil, l.src[l.pos:])
			if n == 0 {
				l.fail(l.pos, "illegal escape")
				return
			}
			l.pos += n
		case c < utf8.RuneSelf:
			l.pos++
		default:
			if !validRune(l.src[l.pos:]) {
				l.fail(l.pos, "malformed UTF-8 encoding")
				return
			}
			_, n := utf8.DecodeRune(l.src[l.pos:])
			l.pos += n
		}
	}
	l.fail(start, "unclosed string")
}

// emptyBefore says what stands before the string at off, if that is empty where the string is none.
func (l *lexer) emptyBefore(off int) string {
	switch {
	case off > 0 && l.src[off-1] == '$':
		return "empty identifier: "
	case off > 1 && l.src[off-1] == '@' && l.src[off-2] == '(':
		return "empty annotation id: "
	}
	return ""
}

// escape appends to out what the escape at the start of b stands for, and gives its length, or 0 where it is none.
func escape(out, b []byte) ([]byte, int) {
	if len(b) < 2 {
		return out, 0
	}
	switch b[1] {
	case 't':
		return append(out, '\t'), 2
	case 'n':
		return append(out, '\n'), 2
	case 'r':
		return append(out, '\r'), 2
	case '"', '\'', '\\':
		return append(out, b[1]), 2
	case 'u':
		return escapedRune(out, b)
	}
	if len(b) < 3 {
		return out, 0
	}
	high, low := hexDigit(b[1]), hexDigit(b[2])
	if high < 0 || low < 0 {
		return out, 0
	}
	return append(out, byte(high<<4|low)), 3
}

// escapedRune is escape for \u{...}.
func escapedRune(out, b []byte) ([]byte, int) {
	if len(b) < 4 || b[2] != '{' || hexDigit(b[3]) < 0 {
		return out, 0
	}
	r := rune(0)
	for i := 3; i < len(b); i++ {
		switch d := hexDigit(b[i]); {
		case d >= 0:
			if r = r<<4 | rune(d); r > utf8.MaxRune {
				return out, 0
			}
		case b[i] == '_' && hexDigit(b[i-1]) >= 0 && i+1 < len(b) && hexDigit(b[i+1]) >= 0:
		case b[i] == '}' && utf8.ValidRune(r):
			return utf8.AppendRune(out, r), i + 1
		default:
			return out, 0
		}
	}
	return out, 0
}

// hexDigit is the value of c, or -1.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// unquote is what a string says that stands in the source with its quotes, and has been checked.
func unquote(out, quoted []byte) []byte {
	for b := quoted[1 : len(quoted)-1]; len(b) > 0; {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(out, b...)
		}
		var n int
		out, n = escape(append(out, b[:i]...), b[i:])
		b = b[i+n:]
	}
	return out
}

// annotation reads an annotation, whose left parenthesis is at off and has been read. It is a comment, unless it is one
// of those that mean something.
func (l *lexer) annotation(off int) {
	l.pos++ // the @
	start := l.pos
	kind := tokReserved
	if start < len(l.src) && (idChars[l.src[start]] || l.src[start] == '"') {
		kind = l.word()
	}
	id := string(l.src[start:l.pos])
	switch {
	case l.err != nil:
		return
	case kind == tokString:
		id = string(unquote(nil, l.src[start:l.pos]))
		if !utf8.ValidString(id) {
			l.fail(start, "malformed UTF-8 encoding")
			return
		}
	case id == "" || bytes.ContainsAny(l.src[start:l.pos], "\",;[]{}"):
		id = ""
	}
	if id == "" {
		l.fail(off, "empty annotation id")
		return
	}
	a := annot{at: len(l.tokens), off: off, id: id}
	_, known := annotations[id]
	for depth := 1; depth > 0; {
		t, ok := l.next()
		if !ok {
			l.fail(off, "unclosed annotation")
			return
		}
		switch t.kind {
		case tokLeft:
			depth++
		case tokRight:
			depth--
		}
		if known {
			a.tokens = append(a.tokens, t)
		}
	}
	if known {
		l.annots = append(l.annots, a)
	}
}
