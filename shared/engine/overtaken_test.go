package engine

import (
	"fmt"
	"testing"

	"github.com/shoreup/shoreup/shared/occurrence"
)

// Calls that were made, with a result that could not be recorded, are for whoever comes after the claim: to go through it again would hide them.
func TestWhatWasMadeIsNotGoneThroughAgain(t *testing.T) {
	t.Parallel()
	moved := fmt.Errorf("closing the occurrence: %w", occurrence.ErrMoved)
	if !overtaken(moved) {
		t.Error("an occurrence that moved before anything was written has to be looked at again")
	}
	if overtaken(fmt.Errorf("applying: %w", &UnrecordedError{Err: moved})) || overtaken(nil) {
		t.Error("what was made without a result on record is gone through again")
	}
}
