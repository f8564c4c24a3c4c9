package approval_test

import (
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestPeopleAreInForceOnceAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inForce := func() bool {
		brought, err := rules.Load([]byte("version: 1\n"))
		if err != nil {
			t.Fatal(err)
		}
		in, err := approval.InForce(t.Context(), w.desk.Store, w.desk.Table, brought)
		if err != nil {
			t.Fatal(err)
		}
		return len(in.People) > 0
	}
	if inForce() {
		t.Error("people are in force in an installation that nobody has used")
	}
	w.rules("version: 1\n")
	if err := w.desk.Electors(t.Context()); err != nil || inForce() {
		t.Errorf("a file without people: in force %v, %v", inForce(), err)
	}
	w.rules(people)
	if err := w.desk.Electors(t.Context()); err != nil || !inForce() {
		t.Errorf("the first people: in force %v, %v", inForce(), err)
	}
	w.rules("version: 1\n")
	if err := w.desk.Electors(t.Context()); err != nil || !inForce() {
		t.Errorf("a file that leaves them out, which they did not agree to: in force %v, %v", inForce(), err)
	}
}
