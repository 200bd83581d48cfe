package jit

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/godwit-vm/godwit/state"
)

// Whoever has written a code file looks through its folder, and takes away what has not been used for long, and, if the files are too large
// together, what has not been used for longest. When a file was used is when it was modified: a process that opens one says so.
//
// Processes do this beside each other. A file that is taken away stays what it is for those who have it open, and is written anew
// by the next of them who has something to add; the worst that can happen is that a module is compiled once more.

var (
	cacheName = regexp.MustCompile(`^[0-9a-f]{32}\.gwc$`) // cacheID.name
	tempName  = regexp.MustCompile("^" + state.TemporaryName(`[0-9a-f]{32}\.gwc`, `[0-9]+`) + "$")
)

// usedCacheFile notes that a file is used.
func usedCacheFile(path string, now time.Time) {
	if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > maxCacheUse {
		os.Chtimes(path, now, now) // somebody else's file may not let us: it is only a hint
	}
}

// keptFileInfo is a code file in a folder.
type keptFileInfo struct {
	path string
	size int64
	used time.Time
}

// tidyCacheFolder takes away files of the folder that written is in, which itself stays. What is not a code file is left alone, and so
// are symbolic links.
func tidyCacheFolder(written string, now time.Time, logger *slog.Logger) {
	dir := filepath.Dir(written)
	entries, err := os.ReadDir(dir)
	if err != nil {
		logger.Debug("a folder of code files is not looked through", "reason", err)
		return
	}
	var files []keptFileInfo
	var size int64
	for _, e := range entries {
		code, temp := cacheName.MatchString(e.Name()), tempName.MatchString(e.Name())
		if !code && !temp {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		f := keptFileInfo{filepath.Join(dir, e.Name()), info.Size(), info.ModTime()}
		switch {
		case temp && now.Sub(f.used) > maxCacheTemp:
			f.remove(logger)
		case temp:
		case e.Name() == filepath.Base(written):
			size += f.size
		case !f.isCode():
		case now.Sub(f.used) > maxCacheAge:
			f.remove(logger)
		default:
			size += f.size
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b keptFileInfo) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if size <= maxCacheFolder {
			break
		}
		f.remove(logger)
		size -= f.size
	}
}

// isCode tells whether the file begins as code files of all versions do.
func (f *keptFileInfo) isCode() bool {
	r, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer r.Close()
	var b [len(cacheMagic)]byte
	_, err = io.ReadFull(r, b[:])
	return err == nil && string(b[:]) == cacheMagic
}

// remove takes the file away, unless it has changed since it was looked at.
func (f *keptFileInfo) remove(logger *slog.Logger) {
	info, err := os.Lstat(f.path)
	if err != nil || !info.ModTime().Equal(f.used) || !info.Mode().IsRegular() {
		return
	}
	if err := os.Remove(f.path); err != nil {
		logger.Debug("an old code file stays", "reason", err)
	}
}
