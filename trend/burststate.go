package trend

import (
	"encoding/binary"
	"errors"
)

// stateVersion is the first byte of a stored state.
const stateVersion = 1

var stateSize = binary.Size(burstState{})

var errState = errors.New("this is no state of a detector of this version")

// MarshalBinary gives all that the detector remembers, without its options.
func (d *Burst) MarshalBinary() ([]byte, error) {
	return binary.Append([]byte{stateVersion}, binary.LittleEndian, &d.s)
}

// UnmarshalBinary goes on where another stood; the options stay. What it cannot
// read is an error, and changes nothing.
func (d *Burst) UnmarshalBinary(b []byte) error {
	if len(b) != stateSize+1 || b[0] != stateVersion {
		return errState
	}
	var s burstState
	if _, err := binary.Decode(b[1:], binary.LittleEndian, &s); err != nil {
		return errState
	}
	if s.Ticks < 0 || s.Head < 0 || s.Tail < 0 || s.Tail > s.Head || !(s.A > 0 && s.B > 0 && s.PN > 0 && s.HourMean > 0) {
		return errState
	}
	d.s = s
	return nil
}
