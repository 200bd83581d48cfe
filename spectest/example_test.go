package spectest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godwit-vm/godwit/spectest"
)

// A script is run twice: in one place, and carried on elsewhere at every safepoint.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "script")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "fac.wast")
	err = os.WriteFile(file, []byte(`
		(module (func $fac (export "fac") (param i64) (result i64)
			(if (result i64) (i64.eqz (local.get 0))
				(then (i64.const 1))
				(else (i64.mul (local.get 0) (call $fac (i64.sub (local.get 0) (i64.const 1))))))))
		(assert_return (invoke "fac" (i64.const 10)) (i64.const 3628800))
		(assert_return (invoke "fac" (i64.const 3)) (i64.const 5))`), 0o666)
	if err != nil {
		fmt.Println(err)
		return
	}
	scripts, err := spectest.Scripts("", file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cfg := range []spectest.Config{{}, {Travel: 1}} {
		report := spectest.Run(context.Background(), scripts, cfg, func(r *spectest.Result) {
			for _, f := range r.Failures {
				fmt.Printf("line %d: %s: %s\n", f.Line, f.Kind, f.Text)
			}
		})
		c := report.Totals()["assert_return"]
		fmt.Println(report.OK(), c.Passed, "passed", c.Failed, "failed")
	}
	// Output:
	// line 7: assert_return: got [(i64.const 6)], want [(i64.const 5)]
	// false 1 passed 1 failed
	// line 7: assert_return: got [(i64.const 6)], want [(i64.const 5)]
	// false 1 passed 1 failed
}
