// Package replay takes every sample of an AWS event that the parsers' packages hold, and some of its own, through parsing and routing with the whole catalogue: what
// a control says that it wants to hear of must reach it, and nothing may fall over.
package replay

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// samples returns all sample events by file.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../events/*/testdata/*.json", "testdata/*.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no samples in %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	out := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[file] = raw
	}
	return out
}

// replayed is one signal of a sample and the controls that it leads to.
type replayed struct {
	signal.Signal
	controls []core.Control
}

func replay(controls []core.Control, paths events.IDPaths, raw []byte) ([]replayed, error) {
	signals, err := events.Parse(raw, events.Options{IDs: paths})
	out := make([]replayed, len(signals))
	for i, s := range signals {
		to, _ := engine.Route(controls, s)
		out[i] = replayed{s, to}
	}
	return out, err
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

func TestSamplesAreUnderstood(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	paths := engine.IDPaths(controls)
	for file, raw := range samples(t) {
		out, err := replay(controls, paths, raw)
		if err != nil || len(out) == 0 {
			t.Errorf("%s: %d signals, %v", file, len(out), err)
		}
		for _, s := range out {
			if !s.Relevant && (s.Reason == "" || len(s.controls) > 0) {
				t.Errorf("%s: not relevant for the reason %q, and %d controls look", file, s.Reason, len(s.controls))
			}
			if s.Relevant && (s.ResourceType == "" || s.ResourceID == "" || !accountForm.MatchString(s.Account) || s.Region == "" || s.Partition == "") {
				t.Errorf("%s: relevant, and does not say where to look: %+v", file, s.Signal)
			}
		}
	}
}

func TestEveryDeclaredEventHasASampleThatReachesItsControl(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	paths := engine.IDPaths(controls)
	reached := map[string]bool{}
	for _, raw := range samples(t) {
		out, _ := replay(controls, paths, raw) // errors are the other test's
		for _, s := range out {
			for _, c := range s.controls {
				reached[c.ID+" "+s.EventSource+":"+s.EventName] = true
			}
		}
	}
	for _, c := range controls {
		for _, event := range c.Events {
			if !reached[c.ID+" "+event] {
				t.Errorf("no sample of %s reaches %s", event, c.ID)
			}
		}
	}
}

// TestOwnSamples says by hand where each sample of this folder points.
func TestOwnSamples(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"iam_delete_role_permissions_boundary":     "AWS::IAM::Role deploy",
		"iam_delete_user_permissions_boundary":     "AWS::IAM::User bob",
		"iam_put_role_permissions_boundary":        "AWS::IAM::Role deploy",
		"iam_put_user_permissions_boundary":        "AWS::IAM::User bob",
		"iam_create_login_profile":                 "AWS::IAM::User bob",
		"ec2_modify_instance_attribute":            "AWS::EC2::SecurityGroup sg-0a1b2c3d4e5f60718",
		"ec2_modify_network_interface_attribute":   "AWS::EC2::SecurityGroup sg-0a1b2c3d4e5f60718",
		"iam_add_user_to_group":                    "AWS::IAM::User bob",
		"ec2_create_default_vpc":                   "AWS::EC2::VPC vpc-0a1b2c3d4e5f60718", // whoever judges its groups looks them up
		"ec2_authorize_egress":                     "AWS::EC2::SecurityGroup sg-0a1b2c3d4e5f60718",
		"ec2_attach_volume":                        "AWS::EC2::Volume vol-0a1b2c3d4e5f60718",
		"dynamodb_restore_table_from_backup":       "AWS::DynamoDB::Table orders-restored",
		"dynamodb_restore_table_to_point_in_time":  "AWS::DynamoDB::Table orders-restored",
		"rds_restore_db_cluster_from_snapshot":     "AWS::RDS::DBCluster orders-copy",
		"rds_restore_db_cluster_from_s3":           "AWS::RDS::DBCluster orders-copy",
		"rds_restore_db_cluster_to_point_in_time":  "AWS::RDS::DBCluster orders-copy",
		"rds_create_db_instance_read_replica":      "AWS::RDS::DBInstance orders-replica",
		"rds_restore_db_instance_from_db_snapshot": "AWS::RDS::DBInstance orders-copy",
		"rds_restore_db_instance_from_s3":          "AWS::RDS::DBInstance orders-copy",
		"rds_restore_db_instance_to_point_in_time": "AWS::RDS::DBInstance orders-copy",
		"s3_delete_bucket_encryption":              "AWS::S3::Bucket example-reports",
		"s3_put_bucket_ownership_controls":         "AWS::S3::Bucket example-reports",
		"s3_delete_bucket_ownership_controls":      "AWS::S3::Bucket example-reports",
	}
	controls := catalog.Controls()
	paths := engine.IDPaths(controls)
	for file, raw := range samples(t) {
		dir, name := filepath.Split(file)
		if dir != "testdata/" {
			continue
		}
		name = strings.TrimSuffix(name, ".json")
		out, err := replay(controls, paths, raw)
		if err != nil || len(out) != 1 || !out[0].Relevant {
			t.Errorf("%s: got %+v, %v", name, out, err)
			continue
		}
		if got := out[0].ResourceType + " " + out[0].ResourceID; got != want[name] {
			t.Errorf("%s points at %s, want %s", name, got, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("the sample %s is not here", name)
	}
}

// Findings of Security Hub name its control, which leads to ours whatever the resource's type.
func TestEverySecurityHubIDReachesItsControl(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	for _, c := range controls {
		for _, id := range c.SecurityHub {
			s := signal.Signal{Class: signal.ClassSecurityHub, Relevant: true, SecurityControlID: id, ResourceType: c.Type.Name, ResourceID: "x", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
			to, why := engine.Route(controls, s)
			if !slices.ContainsFunc(to, func(o core.Control) bool { return o.ID == c.ID }) {
				t.Errorf("a finding of %s does not reach %s: %s", id, c.ID, why)
			}
		}
	}
}

func TestAnUnknownEventReachesNobody(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	raw := `{"version":"0","id":"i","source":"aws.s3","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","time":"2026-03-01T10:00:07Z",
"detail":{"eventSource":"s3.amazonaws.com","eventName":"NobodyWatchesThis","recipientAccountId":"111122223333","awsRegion":"eu-west-1","requestParameters":{"bucketName":"b"}}}`
	out, err := replay(controls, engine.IDPaths(controls), []byte(raw))
	if err != nil || len(out) != 1 || out[0].Relevant || len(out[0].controls) > 0 {
		t.Errorf("got %+v, %v", out, err)
	}
}

// spoilt are what may stand where the parser expects something else.
var spoilt = []any{nil, "", "\x00", 7, -1e300, true, []any{}, []any{nil}, map[string]any{}, map[string]any{"a": []any{map[string]any{}}}}

// TestSpoiltSamplesNeverPanic puts other things in the place of each part of each sample. What is left is an event, an invalid one, or malformed; never a panic,
// and never a relevant signal that does not say where to look.
func TestSpoiltSamplesNeverPanic(t *testing.T) {
	t.Parallel()
	controls := catalog.Controls()
	paths := engine.IDPaths(controls)
	for file, raw := range samples(t) {
		var event map[string]any
		if err := json.Unmarshal(raw, &event); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		spoil(event, 0, func() {
			again, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			out, err := replay(controls, paths, again)
			if err != nil && !errors.Is(err, events.ErrMalformed) {
				t.Errorf("%s spoilt: %v", file, err)
			}
			for _, s := range out {
				if s.Relevant && (s.ResourceType == "" || s.ResourceID == "" || !accountForm.MatchString(s.Account)) {
					t.Errorf("%s spoilt: relevant, and does not say where to look: %s", file, again)
				}
			}
		})
	}
}

// spoil calls try with one member of the object, or of an object in it, replaced at a time.
func spoil(object map[string]any, depth int, try func()) {
	const deep = 4 // envelope, detail, requestParameters, and one below
	for _, key := range slices.Sorted(maps.Keys(object)) {
		was := object[key]
		delete(object, key)
		try()
		object[key] = spoilt[(len(key)+depth)%len(spoilt)] // one each: all of them everywhere would take minutes
		try()
		object[key] = was
		if inner, ok := was.(map[string]any); ok && depth < deep {
			spoil(inner, depth+1, try)
		}
	}
}
