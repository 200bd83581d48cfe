package main

import (
	"fmt"
	"strings"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// featureSwitches are the features that --feature has switched.
type featureSwitches struct{ on, off vm.Features }

// flag is --feature. initially says which features are on without it.
func (s *featureSwitches) flag(initially vm.Features) flag {
	all := "All are on.\n"
	if off := vm.AllFeatures &^ initially; off != 0 {
		all = "All are on but\n" + off.String() + ". "
	}
	return flag{name: "feature", value: "NAME=on|off", set: s.set,
		help: "switch a feature of WebAssembly on or off; may be given many times. " + all + "NAME may be all"}
}

func (s *featureSwitches) set(v string) error {
	name, word, _ := strings.Cut(v, "=")
	f, ok := wasm.FeatureByName(name)
	if name == "all" {
		f, ok = vm.AllFeatures, true
	}
	if !ok {
		names := strings.Split(vm.AllFeatures.String(), ",")
		hint := ""
		if meant := closest(name, names); meant != "" {
			hint = "; did you mean " + meant + "?"
		}
		return fmt.Errorf("there is no feature %q%s\nthe features are %s; all stands for each of them", name, hint, strings.Join(names, ", "))
	}
	switch word {
	case "on":
		s.on, s.off = s.on|f, s.off&^f
	case "off":
		s.on, s.off = s.on&^f, s.off|f
	default:
		return fmt.Errorf("%q: write %s=on or %s=off", v, name, name)
	}
	return nil
}

// among is a set of features with the switches set.
func (s *featureSwitches) among(f vm.Features) vm.Features { return (f | s.on) &^ s.off }
