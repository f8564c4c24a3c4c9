// Package imagepublic stops AMIs from being shared with every AWS account.
package imagepublic

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

// State is who may launch the image. The named ones are read once it is public.
type State struct {
	Sharing ec2api.Sharing    `json:"sharing"`
	Name    string            `json:"name" aws:"context"`
	Tags    map[string]string `json:"tags" aws:"context"`
}

// Context says whose image it is.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Tags, Owner: s.Tags["owner"]}
	if s.Name != "" {
		c.Facts = append(c.Facts, fmt.Sprintf("named %q", s.Name))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-image-public", Version: 1, Title: "Stop sharing machine images with everybody",
		Service: "ec2", Family: "storage", Type: ec2api.Image,
		Severity: core.Critical, Reversible: core.PartlyReversible, Disruption: core.DisruptsLittle,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events:     []string{"ec2.amazonaws.com:ModifyImageAttribute"},
		Reads:      []awsapi.Op{ec2api.DescribeImages.Op, ec2api.DescribeImageAttribute.Op},
		Writes:     []awsapi.Op{ec2api.ModifyImageAttribute.Op},
		Undoes:     []awsapi.Op{ec2api.ModifyImageAttribute.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request for an image that is not public.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	image, err := ec2api.ReadImage(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	if image.Owner != r.Account {
		return State{}, core.NotApplicable(fmt.Sprintf("the image belongs to account %s", image.Owner))
	}
	state := State{Name: image.Name, Tags: image.Tags}
	if image.Public {
		state.Sharing, err = ec2api.ReadImageSharing(ctx, s, r.ID)
	}
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if !s.Sharing.Public {
		return nil
	}
	return []core.Violation{{
		Rule: "shared-with-everybody", Where: "launch permission, group all",
		Reason: "every AWS account can launch the image and read what is on its disks",
	}}
}

// plan takes the group all out of the permission and nothing else: accounts and organizations that are named there keep their access.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	kept := "nobody else is named in the permission"
	if n := len(s.Sharing.With); n > 0 {
		kept = fmt.Sprintf("who is named in the permission keeps access (accounts and organizations: %d)", n)
	}
	return core.Fix[State]{
		After: State{}, // the next read has no reason to ask who else may launch it
		Changes: []core.Change{{
			Why: "stop sharing the image with everybody; " + kept,
			Do:  ec2api.SetImagePublic(r.ID, false), Undo: []awsapi.Call{ec2api.SetImagePublic(r.ID, true)},
		}},
		Notes: []string{
			"copies that others have made of the image, and instances that they launched, stay theirs and cannot be called back: treat what was on it as known",
			"undo is refused while the Region blocks public sharing of images",
		},
	}, nil
}
