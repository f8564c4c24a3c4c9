package ec2api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/shared/awsapi"
)

func TestEventPaths(t *testing.T) {
	t.Parallel()
	for _, kind := range []awsapi.ResourceType{SecurityGroup, Volume, Snapshot, Image, EncryptionDefault} {
		if err := paths(kind).Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestGroupsPutToUse reads the parts of real-shaped records that name the groups of an instance or an interface.
func TestGroupsPutToUse(t *testing.T) {
	t.Parallel()
	const groups = `{"items":[{"groupId":"sg-0a1b2c3d4e5f60718"},{"groupId":"sg-0bbbbbbbbbbbbbbb2"}]}`
	both := []string{"sg-0a1b2c3d4e5f60718", "sg-0bbbbbbbbbbbbbbb2"}
	for name, c := range map[string]struct {
		event, request, response string
		want                     []string
	}{
		"a launch is the sweep's":              {"RunInstances", `{"groupSet":` + groups + `}`, `{"instancesSet":{"items":[{"groupSet":` + groups + `}]}}`, nil},
		"other groups for an interface":        {"ModifyNetworkInterfaceAttribute", `{"networkInterfaceId":"eni-1","groupSet":` + groups + `}`, `{"_return":true}`, both},
		"another description of an interface":  {"ModifyNetworkInterfaceAttribute", `{"networkInterfaceId":"eni-1","description":{"value":"x"}}`, `{"_return":true}`, nil},
		"other groups for an instance":         {"ModifyInstanceAttribute", `{"instanceId":"i-1","groupSet":` + groups + `}`, `{"_return":true}`, both},
		"another type of an instance, stopped": {"ModifyInstanceAttribute", `{"instanceId":"i-1","instanceType":{"value":"t3.micro"}}`, `{"_return":true}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := fmt.Sprintf(`{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111122223333","time":"2026-03-01T10:00:07Z","region":"us-east-1",
				"detail":{"eventSource":"ec2.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","recipientAccountId":"111122223333","eventID":"1","eventTime":"2026-03-01T10:00:05Z",
				"requestParameters":%s,"responseElements":%s}}`, c.event, c.request, c.response)
			signals, err := events.Parse([]byte(raw), events.Options{IDs: paths(SecurityGroup)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range signals {
				if s.Relevant {
					got = append(got, s.ResourceID)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// paths makes the parser's table of a type's events.
func paths(kind awsapi.ResourceType) events.IDPaths {
	table := events.IDPaths{}
	for event, paths := range kind.Events {
		source, name, _ := strings.Cut(event, ":")
		if table[source] == nil {
			table[source] = map[string][]events.IDPath{}
		}
		table[source][name] = []events.IDPath{{ResourceType: kind.Name, Paths: paths, Normalize: kind.Normalize}}
	}
	return table
}
