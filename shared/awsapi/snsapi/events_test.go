package snsapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/snsapi"
)

// TestEvents reads real-shaped CloudTrail records with the paths that the type declares.
func TestEvents(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		of   awsapi.ResourceType
		want []string // ids of the signals that matter
	}{
		"sns_create_topic":                      {snsapi.Topic, []string{"arn:aws:sns:us-east-1:111122223333:alarms"}},
		"sns_set_topic_attributes":              {snsapi.Topic, []string{"arn:aws:sns:us-east-1:111122223333:alarms"}},
		"sns_set_topic_attributes_other_region": {snsapi.Topic, nil},
	} {
		raw, err := os.ReadFile(filepath.Join("../../../events/cloudtrail/testdata", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		ids := events.IDPaths{}
		for event, paths := range c.of.Events {
			source, name, _ := strings.Cut(event, ":")
			if ids[source] == nil {
				ids[source] = map[string][]events.IDPath{}
			}
			ids[source][name] = []events.IDPath{{ResourceType: c.of.Name, Paths: paths, Normalize: c.of.Normalize}}
		}
		if err := ids.Validate(); err != nil {
			t.Fatal(err)
		}
		signals, err := events.Parse(raw, events.Options{IDs: ids})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var got []string
		for _, s := range signals {
			if s.Relevant {
				got = append(got, s.ResourceID)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (- want, + got)\n%s", file, diff)
		}
	}
}
