package state

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// encoded is p as a snapshot.
func encoded(t testing.TB, p *Program, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decoded is the snapshot b as a program.
func decoded(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := DecodeBytes(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var optionCases = []Options{{}, {Compress: true}, {OmitModules: true}, {Compress: true, OmitModules: true}}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, o := range optionCases {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			want := everything()
			f := decoded(t, encoded(t, want, o))
			if err := f.Verify(); err != nil {
				t.Fatal(err)
			}
			if o.OmitModules {
				if err := f.Complete(); !errors.Is(err, ErrModuleMissing) {
					t.Errorf("Complete: %v, want ErrModuleMissing", err)
				}
				if f.Provide([]byte("no module of the program")) || !f.Provide(guest) {
					t.Error("Provide takes the wrong binaries")
				}
			}
			if d := diff(t, want, &f.Program); d != "" {
				t.Errorf("(-written +read)\n%s", d)
			}
		})
	}
}
