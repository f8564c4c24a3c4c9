// Package volumeencryption reports EBS volumes that are not encrypted, and says how to replace them.
package volumeencryption

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is whether the volume is encrypted, and what is shown of it.
type State struct {
	Encrypted bool              `json:"encrypted"`
	Volume    ec2api.VolumeInfo `json:"volume" aws:"context"`
}

// Context says whose volume it is and what uses it.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Volume.Tags, Owner: s.Volume.Tags["owner"]}
	c.Facts = append(c.Facts, fmt.Sprintf("%d GiB %s in %s", s.Volume.SizeGiB, s.Volume.Kind, s.Volume.Zone))
	for _, a := range s.Volume.Attached {
		c.Facts = append(c.Facts, fmt.Sprintf("attached to %s as %s", a.Instance, a.Device))
	}
	if len(s.Volume.Attached) == 0 {
		c.Facts = append(c.Facts, "not attached to an instance")
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-volume-encrypted", Version: 1, Title: "Replace unencrypted EBS volumes",
		Service: "ec2", Family: "storage", Type: ec2api.Volume,
		Severity: core.Medium, Reversible: core.AdviceOnly, Disruption: core.DisruptsNothing,
		SecurityHub: []string{"EC2.3"},
		ConfigRules: []string{"ENCRYPTED_VOLUMES"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.DS-01"}},
		Events:      []string{"ec2.amazonaws.com:CreateVolume", "ec2.amazonaws.com:AttachVolume"},
		Reads:       []awsapi.Op{ec2api.DescribeVolumes.Op},
		Doc:         doc,
	}, read, judge, plan)
}

func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	v, err := ec2api.ReadVolume(ctx, s, r.ID)
	return State{v.Encrypted, v}, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Encrypted {
		return nil
	}
	return []core.Violation{{Rule: "not-encrypted", Where: "volume", Reason: "the volume is not encrypted, nor is any snapshot that is taken of it"}}
}

// plan gives advice alone: EBS encrypts a volume only when it is made (EBS user guide, "Encrypt EBS resources").
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	v, region := s.Volume, " --region "+r.Region
	steps := []string{
		"Turn on EBS encryption by default, so that nothing new is unencrypted: shoreup plan --control ec2-ebs-default-encryption",
	}
	for _, a := range v.Attached {
		steps = append(steps, fmt.Sprintf("In the owner's maintenance window stop the instance, or unmount %s in it: aws ec2 stop-instances%s --instance-ids %s", a.Device, region, a.Instance))
	}
	steps = append(steps,
		fmt.Sprintf("Take a snapshot, and wait for it: aws ec2 create-snapshot%s --volume-id %s; aws ec2 wait snapshot-completed%s --snapshot-ids SNAPSHOT", region, r.ID, region),
		fmt.Sprintf("Copy it encrypted, and wait again: aws ec2 copy-snapshot%s --source-region %s --source-snapshot-id SNAPSHOT --encrypted [--kms-key-id KEY]", region, r.Region),
		fmt.Sprintf("Make the new volume: aws ec2 create-volume%s --availability-zone %s --volume-type %s --snapshot-id ENCRYPTED-SNAPSHOT; carry over tags, IOPS and throughput (aws ec2 describe-volumes%s --volume-ids %s)", region, v.Zone, v.Kind, region, r.ID),
	)
	for _, a := range v.Attached {
		steps = append(steps, fmt.Sprintf("Swap: aws ec2 detach-volume%s --volume-id %s; aws ec2 attach-volume%s --volume-id NEW-VOLUME --instance-id %s --device %s; set delete-on-termination as it was; start the instance",
			region, r.ID, region, a.Instance, a.Device))
	}
	steps = append(steps, "Keep the old volume until the owner has seen the data on the new one; then let the owner delete it and its unencrypted snapshots.")
	outage := "none: the volume is not in use"
	if len(v.Attached) > 0 {
		outage = "the instance is stopped, or the volume unmounted, from the snapshot to the swap: minutes for small volumes, hours for large ones"
	}
	return core.Fix[State]{Advice: []core.Advice{{
		Title: "Replace volume " + r.ID + " by an encrypted one", Steps: steps, Outage: outage,
		Cost: fmt.Sprintf("a second volume of %d GiB and two snapshots for as long as the old ones are kept; encryption itself costs nothing with the key that AWS manages", v.SizeGiB),
	}}}, nil
}
