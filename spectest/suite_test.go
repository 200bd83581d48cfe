package spectest

import (
	"os"
	"testing"
)

// suiteFolder finds the suite. Where tests must not be left out it fails without it, unless it was said that there is none to
// be had.
func suiteFolder(t *testing.T) string {
	t.Helper()
	if os.Getenv(SuiteEnv) == "none" {
		t.Skip("SKIPPED, the scripts of the specification were NOT run: GODWIT_SPEC=none")
	}
	suite, err := FindSuite("")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the suite: %v", err)
		}
		t.Skipf("SKIPPED, the scripts of the specification were NOT run: %v", err)
	}
	return suite
}
