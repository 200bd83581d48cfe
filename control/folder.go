package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// folders are where sockets may be, the best first.
func folders() []string {
	var list []string
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		list = append(list, filepath.Join(dir, "godwit"))
	}
	name := "godwit"
	if uid := os.Geteuid(); uid >= 0 {
		name += "-" + strconv.Itoa(uid)
	}
	return append(list, filepath.Join(os.TempDir(), name))
}

// ownFolder returns the first folder that can be used, and makes it if it is not there.
func ownFolder() (string, error) {
	var errs []error
	for _, dir := range folders() {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			errs = append(errs, err)
			continue
		}
		err := checkFolder(dir)
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// checkFolder makes sure that nobody else has made the folder, can look into it, or can replace it.
func checkFolder(dir string) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	if err := checkOwner(dir, fi); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if fi, err = os.Stat(parent); err != nil {
		return err
	}
	return checkParent(parent, fi)
}
