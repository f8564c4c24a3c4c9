package replay

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// wild are texts that some service or policy would take for many resources.
var wild = []string{"*", "?", "a*", "arn:aws:s3:::*", "arn:aws:iam::111122223333:role/*", "AWS::::Account:*"}

// TestNoTextOfAnEventMeansEverything puts a wildcard in the place of each text of each sample: no signal of an outside event may stand for more than one resource.
func TestNoTextOfAnEventMeansEverything(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	paths := engine.IDPaths(controls)
	tried := 0
	for file, raw := range samples(t) {
		var event map[string]any
		if err := json.Unmarshal(raw, &event); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if event["source"] == wiresweep.Source {
			continue // ours, and it may
		}
		detail, _ := event["detail"].(map[string]any)
		texts(detail, func() {
			tried++
			again, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			out, _ := replay(controls, paths, again) // errors are another test's
			for _, s := range out {
				if s.Everything() || s.Relevant && signal.IsWild(s.ResourceType, s.ResourceID) {
					t.Errorf("%s leads to %s %q: %s", file, s.ResourceType, s.ResourceID, again)
				}
			}
		})
	}
	if tried < 1000 {
		t.Errorf("only %d texts were replaced", tried)
	}
}

// texts calls try with one text at a time replaced, in objects and lists however deep.
func texts(v any, try func()) {
	replaced := func(old any, set func(any)) {
		if s, ok := old.(string); !ok {
			texts(old, try)
		} else {
			set(wild[len(s)%len(wild)]) // one each, and the star for all below
			try()
			set("*")
			try()
			set(old)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			replaced(v[name], func(with any) { v[name] = with })
		}
	case []any:
		for i := range v {
			replaced(v[i], func(with any) { v[i] = with })
		}
	}
}

// No type of the catalogue can have an id that is a wildcard, nor one that events name instead.
func TestEveryTypeRefusesWildcards(t *testing.T) {
	t.Parallel()
	for _, c := range catalog.Controls() {
		types := []string{c.Type.Name, c.Type.Alias}
		for _, via := range c.Type.Via {
			types = append(types, via.Type)
		}
		for _, name := range types {
			for _, id := range []string{"*", "?", "a*", "arn:aws:iam::111122223333:policy/*"} {
				if !signal.IsWild(name, id) {
					t.Errorf("%s takes %q for one %s", c.ID, id, name)
				}
			}
		}
	}
}

// A finding of Security Hub about the account, whose control judges single resources, leads to them only if Security Hub made it itself: whoever may import
// findings could otherwise have every resource looked at, and mended where the rules allow it.
func TestOnlySecurityHubSpeaksOfTheWholeAccount(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	for _, c := range controls {
		for _, id := range c.SecurityHub {
			for product, trusted := range map[string]bool{
				"arn:aws:securityhub:eu-west-1::product/aws/securityhub":                      true,
				"arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default":     false,
				"arn:aws:securityhub:eu-west-1:111122223333:product/aws/securityhub":          false,
				"arn:aws:securityhub:eu-west-1::product/aws/config":                           false,
				"arn:aws:s3:::product/aws/securityhub":                                        false,
				"arn:aws:securityhub:eu-west-1::product/aws/securityhub-and-something-behind": false,
			} {
				s := signal.Signal{Class: signal.ClassSecurityHub, Relevant: true, SecurityControlID: id, ProductARN: product, ResourceType: signal.TypeAccount,
					ResourceID: "111122223333", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
				to, _ := engine.Route(controls, s)
				led := slices.ContainsFunc(to, func(o core.Control) bool { return o.ID == c.ID })
				if led != (trusted || c.Type.Name == signal.TypeAccount) {
					t.Errorf("a finding of %s about the account by %s leads to %s: %v", id, product, c.ID, led)
				}
			}
		}
	}
}

// Our own sweep message still means everything, from its encoding to the routing.
func TestASweepStillMeansEverything(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	for _, c := range controls {
		region := awsapi.HomeRegion("aws")
		raw, err := wiresweep.Encode(wiresweep.Detail{ResourceType: c.Type.Name, Account: "111122223333", Region: region, IDs: []string{signal.AllIDs}}, "id", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		out, err := replay(controls, events.IDPaths{}, raw)
		if err != nil || len(out) != 1 || !out[0].Everything() || !slices.ContainsFunc(out[0].controls, func(o core.Control) bool { return o.ID == c.ID }) {
			t.Errorf("%s: %+v, %v", c.ID, out, err)
		}
	}
}
