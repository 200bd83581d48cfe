package bench

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeTable(t *testing.T) {
	rows := []DecodeRow{
		{File: "/a/one.wasm", Size: 2e6, Cells: []DecodeCell{{Rounds: []float64{30e6, 10e6, 20e6}}, {Rounds: []float64{50e6}}, {Failure: errors.New("no")}}},
		{File: "two.wasm", Size: 1e6, Cells: []DecodeCell{{}, {Rounds: []float64{1e6}}, {Rounds: []float64{1e6}}}},
	}
	want := [][]string{
		{"one.wasm", "2.0", "20", "50", "-", "100", "2.50", "-"},
		{"two.wasm", "1.0", "-", "1.0", "1.0", "-", "-", "-"},
	}
	if diff := cmp.Diff(want, DecodeTable(rows).Rows); diff != "" {
		t.Error(diff)
	}
}

// Every decoder builds, and gives a figure for a module, or says why not.
func TestMeasureDecode(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two test binaries")
	}
	rows, err := MeasureDecode(t.Context(), ".", t.TempDir(), []string{"testdata/math.wasm"}, 1, -1)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range rows[0].Cells {
		if name := Decoders()[i].Name; (c.Failure != nil || len(c.Rounds) != 1) && name != "wasmtime" {
			t.Errorf("%s: %v, %v", name, c.Rounds, c.Failure)
		}
	}
	if _, err := MeasureDecode(t.Context(), ".", t.TempDir(), []string{"testdata/none.wasm"}, 1, -1); err == nil {
		t.Error("a file that is not there was measured")
	}
}
