package interp

import "unsafe"

// DisplayDepth is how many supertypes of a type its row has, from the topmost on, and DisplayShift the binary logarithm of a row's bytes. A
// deeper type is not found in rows.
const (
	DisplayDepth = 8
	DisplayShift = 5
)

// displays are rows of ids, 4 bytes each, by which machine code sees whether a type is a subtype of another: it is if the other's id stands
// in its row, at the place that is the other's depth. A type is in its own row. Rows are by id.
type displays struct {
	rows  unsafe.Pointer // of the first: see HeapDisplays
	all   [][DisplayDepth]uint32
	older [][][DisplayDepth]uint32 // machine code may still have their addresses
}

// add makes the row of a type, whose supertypes are known.
func (d *displays) add(r *rtt) {
	for int(r.id) >= len(d.all) {
		if len(d.all) == cap(d.all) && d.all != nil {
			d.older = append(d.older, d.all)
		}
		d.all = append(d.all, [DisplayDepth]uint32{})
	}
	row := &d.all[r.id]
	*row = [DisplayDepth]uint32{} // a module that was not instantiated may have had the id
	for k, s := range r.supers[:min(len(r.supers), DisplayDepth)] {
		row[k] = s.id
	}
	d.rows = unsafe.Pointer(unsafe.SliceData(d.all))
}
