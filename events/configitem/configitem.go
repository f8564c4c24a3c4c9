// Package wireconfigitem reads "Config Configuration Item Change" events: AWS Config recorded that a resource was made, changed or deleted.
package wireconfigitem

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// Source and DetailType pick these events.
const (
	Source     = "aws.config"
	DetailType = "Config Configuration Item Change"
)

// Detail is the event's detail as far as we read it. An item too large for the event arrives as a summary only.
// Source: AWS Config developer guide, "Example configuration item change notifications" and "Example oversized ... notifications".
type Detail struct {
	MessageType string `json:"messageType"`
	Item        *Item  `json:"configurationItem"`
	Summary     *Item  `json:"configurationItemSummary"`
}

// Item is a configuration item or its summary.
type Item struct {
	Status       string `json:"configurationItemStatus"`
	AWSAccountID string `json:"awsAccountId"`
	AWSRegion    string `json:"awsRegion"` // "global" for IAM
	ARN          string `json:"ARN"`
	ResourceType string `json:"resourceType"`
	ResourceID   string `json:"resourceId"`
	ResourceName string `json:"resourceName"`
}

// Parse gives the one signal of the event. Account and Region are the item's, and must be those of the envelope, but for what is global. Errors wrap wire.ErrMalformed: neither item nor summary.
func Parse(env wire.Envelope) ([]signal.Signal, error) {
	var d Detail
	if err := env.DecodeDetail(&d); err != nil {
		return nil, err
	}
	s := signal.Signal{Class: signal.ClassConfigItem, Relevant: true, Account: env.Account, Region: env.Region, Time: env.When(), EventID: env.ID}
	if !isItemMessage(d.MessageType) {
		return []signal.Signal{wire.Settle(s.Drop(fmt.Sprintf("message type %.64q is not a change of an item", d.MessageType)))}, nil
	}
	item := d.Item
	if item == nil {
		item = d.Summary
	}
	if item == nil {
		return nil, env.Malformed("neither configurationItem nor configurationItemSummary")
	}
	return []signal.Signal{fromItem(s, *item, env)}, nil
}

func isItemMessage(t string) bool {
	return t == "ConfigurationItemChangeNotification" || t == "OversizedConfigurationItemChangeNotification"
}

func fromItem(s signal.Signal, item Item, env wire.Envelope) signal.Signal {
	s.ResourceType = item.ResourceType
	s.Account = cmp.Or(item.AWSAccountID, s.Account)
	s.Region = region(item, s.Region)
	s.Deleted = strings.HasPrefix(item.Status, "ResourceDeleted")
	s.ResourceID = resourceID(item)
	if global(item) {
		env.Region = ""
	}
	s = wire.Agree(wire.Within(wire.Settle(s), env), item.ARN)
	if !s.Relevant {
		return s
	}
	switch {
	case s.Deleted:
		return s.Drop("the resource was deleted")
	case item.Status == "ResourceNotRecorded":
		return s.Drop("the resource is not recorded by AWS Config")
	case s.ResourceType == "" || s.ResourceID == "":
		return s.Drop("no resource in event")
	}
	return s
}

// region is where the resource is. Config calls the Region of IAM's entities "global"; ours is the home Region of the partition.
func region(item Item, envelope string) string {
	switch {
	case item.AWSRegion == "":
		return envelope
	case global(item):
		return signal.HomeRegion(signal.PartitionOf(envelope))
	}
	return item.AWSRegion
}

func global(item Item) bool { return item.AWSRegion == "global" || item.AWSRegion == "aws-global" }

// resourceID is the primary identifier where the item has it: Config's resourceId is a unique id (AIDA..., db-...) for some types.
func resourceID(item Item) string {
	switch item.ResourceType {
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot",
		"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group":
		return cmp.Or(item.ResourceName, fromARN(item), item.ResourceID)
	case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::SQS::Queue", "AWS::KMS::Key":
		return cmp.Or(fromARN(item), item.ResourceID)
	}
	return item.ResourceID
}

func fromARN(item Item) string {
	a, err := signal.ParseARN(item.ARN)
	if err != nil {
		return ""
	}
	id, ok := signal.IDFromARN(item.ResourceType, a)
	if !ok {
		return ""
	}
	return id
}
