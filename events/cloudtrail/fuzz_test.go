package wirecloudtrail

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	table := watched()
	f.Fuzz(func(t *testing.T, raw []byte) {
		env, err := wire.Decode(raw)
		if err != nil {
			return
		}
		out, err := Parse(env, Options{IDs: table, OwnRoles: ownRoles})
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) || out != nil {
				t.Fatalf("error %v with %d signals", err, len(out))
			}
			return
		}
		if len(out) == 0 {
			t.Fatal("no signal and no error")
		}
		for _, s := range out {
			if s.Relevant != (s.Reason == "") || s.EventSource == "" || s.EventName == "" {
				t.Fatalf("bad signal %+v", s)
			}
			if s.Relevant && (s.ResourceID == "" || table.lookup(s.EventSource, s.EventName) == nil || !signal.IsAccountID(s.Account) ||
				s.Partition != signal.PartitionOf(s.Region) || s.Partition == "" || env.Account != "" && env.Account != s.Account) {
				t.Fatalf("relevant, but not to be trusted: %+v", s)
			}
		}
	})
}
