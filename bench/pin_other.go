//go:build !linux

package bench

import "errors"

func pinThread(int) (restore func() error, err error) {
	return nil, errors.New("processes are pinned on Linux only")
}
