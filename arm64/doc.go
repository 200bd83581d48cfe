// Package arm64 makes machine code of the compiler's IR for 64-bit ARM.
package arm64
