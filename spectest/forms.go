package spectest

import "bytes"

// countForms counts the commands of a script by their keywords, without understanding anything else of it: it is what the
// counts of those that have run are held against. A text that consists of a module's fields is one module.
func countForms(src []byte) map[string]int {
	forms := map[string]int{}
	z := scanner{src: src}
	for z.next() {
		switch word := z.word; word {
		case "module":
			if z.second == "definition" || z.second == "instance" {
				word += " " + z.second
			}
			forms[word]++
		case "invoke", "get":
			forms["action"]++
		case "register":
			forms[word]++
		default:
			if bytes.HasPrefix([]byte(word), []byte("assert_")) {
				forms[word]++
			} else if word != "" && word[0] != '@' {
				return map[string]int{"module": 1}
			}
		}
	}
	if len(forms) == 0 {
		forms["module"] = 1
	}
	return forms
}

// scanner finds the forms at the top of a script.
type scanner struct {
	src []byte
	at  int
	// word and second are the first two atoms of the form that next has found; second is "" when the second thing in it
	// is no atom.
	word, second string
}

// next goes over one form.
func (z *scanner) next() bool {
	z.word, z.second = "", ""
	return z.walk(0)
}

// walk goes to the end of the form that it is in, at a depth that is given.
func (z *scanner) walk(depth int) bool {
	things := 0
	for z.at < len(z.src) {
		c := z.src[z.at]
		switch {
		case c == '(' && z.peek() == ';':
			z.blockComment()
		case c == '(' && z.peek() == '@':
			z.annotation()
		case c == ';' && z.peek() == ';':
			if n := bytes.IndexByte(z.src[z.at:], '\n'); n >= 0 {
				z.at += n
			} else {
				z.at = len(z.src)
			}
		case c == '(':
			depth++
			things++
			z.at++
		case c == ')':
			z.at++
			if depth--; depth <= 0 {
				return true
			}
		case c == '"':
			z.text()
			things++
		case c <= ' ':
			z.at++
		default:
			if atom := z.atom(); depth == 1 {
				switch things {
				case 1:
					z.word = atom
				case 2:
					z.second = atom
				}
			}
			things++
		}
	}
	return false
}

func (z *scanner) peek() byte {
	if z.at+1 < len(z.src) {
		return z.src[z.at+1]
	}
	return 0
}

func (z *scanner) blockComment() {
	for depth := 0; z.at < len(z.src); {
		switch c := z.src[z.at]; {
		case c == '(' && z.peek() == ';':
			depth++
			z.at += 2
		case c == ';' && z.peek() == ')':
			z.at += 2
			if depth--; depth == 0 {
				return
			}
		default:
			z.at++
		}
	}
}

// annotation goes over an annotation, which is as good as a comment.
func (z *scanner) annotation() {
	word, second := z.word, z.second
	z.at += 2
	z.walk(1)
	z.word, z.second = word, second
}

func (z *scanner) text() {
	for z.at++; z.at < len(z.src); z.at++ {
		switch z.src[z.at] {
		case '\\':
			z.at++
		case '"':
			z.at++
			return
		}
	}
}

func (z *scanner) atom() string {
	from := z.at
	for z.at < len(z.src) && z.src[z.at] > ' ' && !bytes.ContainsRune([]byte(`()";`), rune(z.src[z.at])) {
		z.at++
	}
	if z.at == from { // a lone semicolon
		z.at++
	}
	return string(z.src[from:z.at])
}
