package arm64

import a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

const (
	asADD = a64.AADD
	asSUB = a64.ASUB
)
