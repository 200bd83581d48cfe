package interp

// Vectors (specification 4.3.5 and following). A v128 is two slots, the lower lanes in the first. A half is a number:
// its lane i of 8 bits is half>>(8*i), whatever the host's byte order.
//
// The functions here compute on all lanes of a half at once, with ordinary 64-bit arithmetic: a carry out of a lane is
// kept from the next one by leaving each lane's highest bit out of the addition and putting it in by itself. Their
// parameter h is those highest bits, and says by that how wide lanes are; s is the distance from a lane's highest bit to
// its lowest. Both are constants where they are called, and the functions small enough to be expanded there.

const (
	high8, high16, high32 uint64 = 0x8080808080808080, 0x8000800080008000, 0x8000000080000000
	low8, low16, low32    uint64 = 0x0101010101010101, 0x0001000100010001, 0x0000000100000001

	even8  uint64 = 0x00FF00FF00FF00FF // every second lane of 8 bits, from the lowest on
	even16 uint64 = 0x0000FFFF0000FFFF
	even32 uint64 = 0x00000000FFFFFFFF
)

// spread makes all bits of a lane what its highest bit in m is. The other bits of m are zero.
func spread(m uint64, s uint) uint64 { return m<<1 - m>>s }

// choose is x where m has ones, y elsewhere.
func choose(m, x, y uint64) uint64 { return y ^ (x^y)&m }

// mask is all ones for true.
func mask(b bool) uint64 { return -bit(b) }

func addLanes(x, y, h uint64) uint64 { return (x&^h + y&^h) ^ (x^y)&h }
func subLanes(x, y, h uint64) uint64 { return ((x | h) - y&^h) ^ ^(x^y)&h }

// notZero, lessU and lessS leave their answer in each lane's highest bit.
func notZero(x, h uint64) uint64  { return ((x&^h + ^h) | x) & h }
func lessU(x, y, h uint64) uint64 { return (^x&y | ^(x^y)&^((x|h)-y&^h)) & h }
func lessS(x, y, h uint64) uint64 { return (x&^y | ^(x^y)&^((x|h)-y&^h)) & h }

// Saturation. A lane that overflows becomes all ones or zero, or the end of the range on the first operand's side.

func addSatU(x, y, h uint64, s uint) uint64 {
	sum := addLanes(x, y, h)
	return sum | spread((x&y|(x|y)&^sum)&h, s)
}

func subSatU(x, y, h uint64, s uint) uint64 {
	d := subLanes(x, y, h)
	return d &^ spread((^x&y|^(x^y)&d)&h, s)
}

func addSatS(x, y, h uint64, s uint) uint64 {
	sum := addLanes(x, y, h)
	return choose(spread(^(x^y)&(x^sum)&h, s), ^h+(x&h)>>s, sum)
}

func subSatS(x, y, h uint64, s uint) uint64 {
	d := subLanes(x, y, h)
	return choose(spread((x^y)&(x^d)&h, s), ^h+(x&h)>>s, d)
}

// avgrU is (x+y+1)/2.
func avgrU(x, y, h uint64) uint64 { return (x | y) - (x^y)>>1&^h }

func absLanes(x, h uint64, s uint) uint64 {
	sign := x & h
	return x ^ spread(sign, s) + sign>>s
}

// Shifts by n, which is less than a lane's width. low is the lowest bit of each lane, all a lane of ones.

func shlLanes(x uint64, n uint32, low, all uint64) uint64  { return x & (low * (all >> n)) << n }
func shrULanes(x uint64, n uint32, low, all uint64) uint64 { return x >> n & (low * (all >> n)) }

func shrSLanes(x uint64, n uint32, low, all, h uint64, s uint) uint64 {
	keep := low * (all >> n)
	return x>>n&keep | spread(x&h, s)&^keep
}

func popcnt8(x uint64) uint64 {
	x -= x >> 1 & 0x5555555555555555
	x = x&0x3333333333333333 + x>>2&0x3333333333333333
	return (x + x>>4) & 0x0F0F0F0F0F0F0F0F
}

// bitmask8, bitmask16 and bitmask32 gather the lanes' highest bits. The factors move bit i of what is left of lane i to
// bit i of the product's upper part, and no two bits to the same place.
func bitmask8(x uint64) uint64  { return x & high8 >> 7 * 0x0102040810204080 >> 56 }
func bitmask16(x uint64) uint64 { return x & high16 >> 15 * 0x0001000200040008 >> 48 & 15 }
func bitmask32(x uint64) uint64 { return x>>31&1 | x>>62&2 }

// Products.

func mul16(x, y uint64) uint64 {
	return x*y&0xFFFF | x>>16*(y&0xFFFF0000)&0xFFFF0000 | x>>32*(y&0xFFFF00000000)&0xFFFF00000000 | x>>48*(y&0xFFFF000000000000)
}

func mul32(x, y uint64) uint64 { return uint64(uint32(x)*uint32(y)) | x>>32*(y&^even32) }

// dot16 adds the products of neighbouring lanes of 16 bits.
func dot16(x, y uint64) uint64 {
	lo := int32(int16(x))*int32(int16(y)) + int32(int16(x>>16))*int32(int16(y>>16))
	hi := int32(int16(x>>32))*int32(int16(y>>32)) + int32(int16(x>>48))*int32(int16(y>>48))
	return pack32(uint32(lo), uint32(hi))
}

// q15 is the product of two numbers of 15 bits behind the point, rounded. Only -1 times -1 overflows.
func q15(x, y uint64) uint64 {
	return uint64(uint16(min((int32(int16(x))*int32(int16(y))+0x4000)>>15, 0x7FFF)))
}

func q15Lanes(x, y uint64) uint64 {
	return q15(x, y) | q15(x>>16, y>>16)<<16 | q15(x>>32, y>>32)<<32 | q15(x>>48, y>>48)<<48
}

// dot8 is the sum of two neighbouring products of lanes of 8 bits, both signed, modulo 2^16.
func dot8(x, y uint64) uint64 {
	return uint64(uint16(int16(int8(x))*int16(int8(y)) + int16(int8(x>>8))*int16(int8(y>>8))))
}

func dot8Lanes(x, y uint64) uint64 {
	return dot8(x, y) | dot8(x>>16, y>>16)<<16 | dot8(x>>32, y>>32)<<32 | dot8(x>>48, y>>48)<<48
}

// Lanes that become wider or narrower.

func pack32(lo, hi uint32) uint64 { return uint64(lo) | uint64(hi)<<32 }

// wide8U and the like make lanes of twice the width from the lanes of x's lower 32 bits.
func wide8U(x uint64) uint64 {
	x = uint64(uint32(x))
	x = (x | x<<16) & even16
	return (x | x<<8) & even8
}

func wide8S(x uint64) uint64 {
	x = wide8U(x)
	sign := x & (high8 & even8)
	return x | (sign<<9 - sign<<1)
}

func wide16U(x uint64) uint64 { return x&0xFFFF | x&0xFFFF0000<<16 }
func wide16S(x uint64) uint64 { return pack32(uint32(int16(x)), uint32(int32(x)>>16)) }
func wide32U(x uint64) uint64 { return uint64(uint32(x)) }
func wide32S(x uint64) uint64 { return uint64(int32(x)) }

// pairs8U and the like add neighbouring lanes into lanes of twice the width. The signed ones add numbers made unsigned
// by an offset, and take the two offsets out of the sum.
func pairs8U(x uint64) uint64  { return x&even8 + x>>8&even8 }
func pairs8S(x uint64) uint64  { return subLanes(pairs8U(x^high8), 0x100*low16, high16) }
func pairs16U(x uint64) uint64 { return x&even16 + x>>16&even16 }
func pairs16S(x uint64) uint64 { return subLanes(pairs16U(x^high16), 0x10000*low32, high32) }

// pack8 gathers the lower halves of lanes of 16 bits.
func pack8(x uint64) uint64 {
	x &= even8
	x = (x | x>>8) & even16
	return uint64(uint32(x | x>>16))
}

// narrow8S and narrow8U make lanes of 16 bits, signed, lanes of 8 bits with saturation: where the upper part is not just
// the sign, the lane becomes the end of the range on its side.
func narrow8S(x uint64) uint64 {
	over := addLanes(x, 0x80*low16, high16) >> 8 & even8
	over = (over + even8) &^ even8
	return pack8(choose(over-over>>8, 0x7F*low16+x>>15&low16, x))
}

func narrow8U(x uint64) uint64 {
	over := (x>>8&even8 + even8) &^ even8
	over -= over >> 8
	neg := x >> 15 & low16
	return pack8((x | over) &^ (neg<<8 - neg))
}

func narrow8(lower, upper uint64) uint64 { return lower | upper<<32 }

func sat16S(x uint64) uint64 { return uint64(uint16(max(min(int32(x), 0x7FFF), -0x8000))) }
func sat16U(x uint64) uint64 { return uint64(max(min(int32(x), 0xFFFF), 0)) }

func narrow16S(x, y uint64) uint64 {
	return sat16S(x) | sat16S(x>>32)<<16 | sat16S(y)<<32 | sat16S(y>>32)<<48
}

func narrow16U(x, y uint64) uint64 {
	return sat16U(x) | sat16U(x>>32)<<16 | sat16U(y)<<32 | sat16U(y>>32)<<48
}

// Lanes of 32 and 64 bits one by one: where the machine has an instruction for the number, this is shorter.

func minS32(x, y uint64) uint64 {
	return pack32(uint32(min(int32(x), int32(y))), uint32(min(int32(x>>32), int32(y>>32))))
}

func maxS32(x, y uint64) uint64 {
	return pack32(uint32(max(int32(x), int32(y))), uint32(max(int32(x>>32), int32(y>>32))))
}

func minU32(x, y uint64) uint64 {
	return pack32(min(uint32(x), uint32(y)), min(uint32(x>>32), uint32(y>>32)))
}

func maxU32(x, y uint64) uint64 {
	return pack32(max(uint32(x), uint32(y)), max(uint32(x>>32), uint32(y>>32)))
}

func abs64(x uint64) uint64 {
	sign := uint64(int64(x) >> 63)
	return x ^ sign - sign
}
