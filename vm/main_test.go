package vm_test

import (
	"testing"

	"github.com/godwit-vm/godwit/internal/emulated"
)

func TestMain(m *testing.M) { emulated.Main(m) }
