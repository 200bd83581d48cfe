package wat

import (
	"math"
	"strconv"
	"strings"
)

// numberForm is what a number looks like (specification 6.3.2).
type numberForm uint8

const (
	notNumber numberForm = iota
	natural              // digits
	integer              // a sign, and digits
	float                // with a point or an exponent, or inf, nan, nan:0x...
)

// digits is the length of the digits at the start of s. An underscore may stand between two of them.
func digits(s string, hex bool) int {
	for i := 0; ; i++ {
		if i < len(s) && isDigit(s[i], hex) {
			continue
		}
		if i > 0 && i+1 < len(s) && s[i] == '_' && isDigit(s[i+1], hex) {
			continue
		}
		return i
	}
}

func isDigit(c byte, hex bool) bool { return c >= '0' && c <= '9' || hex && hexDigit(c) >= 0 }

// formOf says what kind of number s is.
func formOf(s string) numberForm {
	form := natural
	if s != "" && (s[0] == '+' || s[0] == '-') {
		form, s = integer, s[1:]
	}
	switch {
	case s == "inf" || s == "nan":
		return float
	case strings.HasPrefix(s, "nan:0x"):
		if n := digits(s[6:], true); n > 0 && n == len(s)-6 {
			return float
		}
		return notNumber
	}
	hex := strings.HasPrefix(s, "0x")
	if hex {
		s = s[2:]
	}
	n := digits(s, hex)
	if n == 0 {
		return notNumber
	}
	if s = s[n:]; s == "" {
		return form
	}
	if s[0] == '.' {
		s = s[1:]
		s = s[digits(s, hex):]
	}
	if s != "" && (hex && (s[0] == 'p' || s[0] == 'P') || !hex && (s[0] == 'e' || s[0] == 'E')) {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s, false)
		if n == 0 {
			return notNumber
		}
		s = s[n:]
	}
	if s != "" {
		return notNumber
	}
	return float
}

// parseNatural is the value of a natural number; ok is false where it has more than 64 bits.
func parseNatural(s string) (v uint64, ok bool) {
	base := 10
	if strings.HasPrefix(s, "0x") {
		base, s = 16, s[2:]
	}
	v, err := strconv.ParseUint(strings.ReplaceAll(s, "_", ""), base, 64)
	return v, err == nil
}

// parseInteger is the value of a natural number or integer as bits; ok is false where it does not fit, as a signed or
// an unsigned one.
func parseInteger(s string, bits int) (v uint64, ok bool) {
	neg := s[0] == '-'
	if neg || s[0] == '+' {
		s = s[1:]
	}
	v, ok = parseNatural(s)
	mask := uint64(math.MaxUint64) >> (64 - bits)
	if neg {
		return -v & mask, ok && v <= mask>>1+1
	}
	return v, ok && v <= mask
}

// parseFloat is the bits of a number of any form as f32 or f64; ok is false where it is out of range.
func parseFloat(s string, bits int) (v uint64, ok bool) {
	sign := uint64(0)
	if s[0] == '-' || s[0] == '+' {
		if s[0] == '-' {
			sign = 1 << (bits - 1)
		}
		s = s[1:]
	}
	payload, exponent := 23, uint64(0xFF)<<23
	if bits == 64 {
		payload, exponent = 52, 0x7FF<<52
	}
	switch {
	case s == "inf":
		return sign | exponent, true
	case s == "nan":
		return sign | exponent | 1<<(payload-1), true
	case strings.HasPrefix(s, "nan:"):
		v, ok := parseNatural(s[4:])
		return sign | exponent | v, ok && v != 0 && v < 1<<payload
	}
	s = strings.ReplaceAll(s, "_", "")
	if strings.HasPrefix(s, "0x") && !strings.ContainsAny(s, "pP") {
		s += "p0"
	}
	f, err := strconv.ParseFloat(s, bits)
	if bits == 32 {
		v = uint64(math.Float32bits(float32(f)))
	} else {
		v = math.Float64bits(f)
	}
	return sign | v, err == nil
}
