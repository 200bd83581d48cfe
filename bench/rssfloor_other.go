//go:build !linux

package bench

// rssFloor is 0: that a child inherits its starter's peak is known of Linux only.
func rssFloor() int64 { return 0 }
