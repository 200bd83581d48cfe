package spectest

import (
	"os"
	"testing"
)

// suiteFolder finds the suite. Where tests must not be left out it fails without it.
func suiteFolder(t *testing.T) string {
	t.Helper()
	suite, err := FindSuite("")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the suite: %v", err)
		}
		t.Skipf("SKIPPED, the scripts of the specification were NOT run: %v", err)
	}
	return suite
}
