package ec2api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// VolumeInfo is what is known of an EBS volume.
type VolumeInfo struct {
	Encrypted bool              `json:"encrypted"`
	SizeGiB   int32             `json:"sizeGiB"`
	Kind      string            `json:"kind"` // gp3, io2, ...
	Zone      string            `json:"zone"`
	Attached  []Attachment      `json:"attached"`
	Tags      map[string]string `json:"tags"`
}

// Attachment is where a volume is in use.
type Attachment struct {
	Instance string `json:"instance"`
	Device   string `json:"device"`
}

// ReadVolume returns the volume, or an error that wraps [awsapi.ErrGone].
func ReadVolume(ctx context.Context, s awsapi.Session, id string) (VolumeInfo, error) {
	out, err := DescribeVolumes.Do(ctx, s, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if err != nil {
		return VolumeInfo{}, gone(err)
	}
	if len(out.Volumes) != 1 || out.Volumes[0].State == ec2types.VolumeStateDeleted {
		return VolumeInfo{}, fmt.Errorf("reading volume %s: %w", id, awsapi.ErrGone)
	}
	v := out.Volumes[0]
	d := VolumeInfo{aws.ToBool(v.Encrypted), aws.ToInt32(v.Size), string(v.VolumeType), aws.ToString(v.AvailabilityZone), nil, Tags(v.Tags)}
	for _, a := range v.Attachments {
		d.Attached = append(d.Attached, Attachment{aws.ToString(a.InstanceId), aws.ToString(a.Device)})
	}
	slices.SortFunc(d.Attached, func(a, b Attachment) int { return cmp.Compare(a.Instance, b.Instance) })
	return d, nil
}

// SnapshotInfo is what is known of an EBS snapshot.
type SnapshotInfo struct {
	Encrypted   bool              `json:"encrypted"`
	Owner       string            `json:"owner"`
	Volume      string            `json:"volume"` // of which it was taken, perhaps deleted since
	SizeGiB     int32             `json:"sizeGiB"`
	Description string            `json:"description"`
	Tags        map[string]string `json:"tags"`
}

// ReadSnapshot returns the snapshot, or an error that wraps [awsapi.ErrGone].
func ReadSnapshot(ctx context.Context, s awsapi.Session, id string) (SnapshotInfo, error) {
	out, err := DescribeSnapshots.Do(ctx, s, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	if err != nil {
		return SnapshotInfo{}, gone(err)
	}
	if len(out.Snapshots) != 1 {
		return SnapshotInfo{}, fmt.Errorf("reading snapshot %s: %w", id, awsapi.ErrGone)
	}
	v := out.Snapshots[0]
	return SnapshotInfo{aws.ToBool(v.Encrypted), aws.ToString(v.OwnerId), aws.ToString(v.VolumeId), aws.ToInt32(v.VolumeSize), aws.ToString(v.Description), Tags(v.Tags)}, nil
}

// Sharing is who besides the owner may use a snapshot or an image.
type Sharing struct {
	Public bool     `json:"public"` // the group all: every AWS account
	With   []string `json:"with"`   // account ids, and for images ARNs of organizations and units, sorted
}

// ReadSnapshotSharing returns who may make volumes of the snapshot. Only the owner can ask.
func ReadSnapshotSharing(ctx context.Context, s awsapi.Session, id string) (Sharing, error) {
	out, err := DescribeSnapshotAttribute.Do(ctx, s, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: &id, Attribute: ec2types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil {
		return Sharing{}, gone(err)
	}
	var share Sharing
	for _, p := range out.CreateVolumePermissions {
		share.add(p.Group, p.UserId)
	}
	slices.Sort(share.With)
	return share, nil
}

// ReadImageSharing returns who may launch the image. Only the owner can ask.
func ReadImageSharing(ctx context.Context, s awsapi.Session, id string) (Sharing, error) {
	out, err := DescribeImageAttribute.Do(ctx, s, &ec2.DescribeImageAttributeInput{
		ImageId: &id, Attribute: ec2types.ImageAttributeNameLaunchPermission,
	})
	if err != nil {
		return Sharing{}, gone(err)
	}
	var share Sharing
	for _, p := range out.LaunchPermissions {
		share.add(p.Group, p.UserId, p.OrganizationArn, p.OrganizationalUnitArn)
	}
	slices.Sort(share.With)
	return share, nil
}

func (s *Sharing) add(group ec2types.PermissionGroup, others ...*string) {
	if group == ec2types.PermissionGroupAll {
		s.Public = true
	}
	for _, o := range others {
		if id := aws.ToString(o); id != "" {
			s.With = append(s.With, id)
		}
	}
}

// SetSnapshotPublic describes the call that shares the snapshot with everybody, or stops that. Named accounts are not touched.
func SetSnapshotPublic(id string, public bool) awsapi.Call {
	in := &ec2.ModifySnapshotAttributeInput{
		SnapshotId: &id, Attribute: ec2types.SnapshotAttributeNameCreateVolumePermission, OperationType: ec2types.OperationTypeRemove,
		GroupNames: []string{string(ec2types.PermissionGroupAll)},
	}
	if public {
		in.OperationType = ec2types.OperationTypeAdd
	}
	return ModifySnapshotAttribute.Call(in)
}

// SetImagePublic describes the call that lets everybody launch the image, or stops that. Named accounts and organizations are not touched.
func SetImagePublic(id string, public bool) awsapi.Call {
	all := []ec2types.LaunchPermission{{Group: ec2types.PermissionGroupAll}}
	change := &ec2types.LaunchPermissionModifications{Remove: all}
	if public {
		change = &ec2types.LaunchPermissionModifications{Add: all}
	}
	return ModifyImageAttribute.Call(&ec2.ModifyImageAttributeInput{ImageId: &id, LaunchPermission: change})
}

// ImageInfo is what is known of an AMI.
type ImageInfo struct {
	Name   string
	Owner  string
	Public bool
	Tags   map[string]string
}

// ReadImage returns the image, or an error that wraps [awsapi.ErrGone].
func ReadImage(ctx context.Context, s awsapi.Session, id string) (ImageInfo, error) {
	out, err := DescribeImages.Do(ctx, s, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if err != nil {
		return ImageInfo{}, gone(err)
	}
	if len(out.Images) != 1 {
		return ImageInfo{}, fmt.Errorf("reading image %s: %w", id, awsapi.ErrGone)
	}
	i := out.Images[0]
	return ImageInfo{aws.ToString(i.Name), aws.ToString(i.OwnerId), aws.ToBool(i.Public), Tags(i.Tags)}, nil
}

// CountImages returns how many images the account owns in the Region, and how many of them are public.
func CountImages(ctx context.Context, s awsapi.Session) (all, public int, err error) {
	err = ownImages(ctx, s, func(i ec2types.Image) {
		all++
		if aws.ToBool(i.Public) {
			public++
		}
	})
	return all, public, err
}

// ReadEncryptionByDefault reports whether new EBS volumes in the Region are encrypted.
func ReadEncryptionByDefault(ctx context.Context, s awsapi.Session) (bool, error) {
	out, err := GetEncryptionByDefault.Do(ctx, s, &ec2.GetEbsEncryptionByDefaultInput{})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.EbsEncryptionByDefault), nil
}

// SetEncryptionByDefault describes the call that turns the setting on or off.
func SetEncryptionByDefault(on bool) awsapi.Call {
	if on {
		return EnableEncryptionByDefault.Call(&ec2.EnableEbsEncryptionByDefaultInput{})
	}
	return DisableEncryptionByDefault.Call(&ec2.DisableEbsEncryptionByDefaultInput{})
}

// ReadDefaultKey returns the KMS key that new volumes get in the Region: an ARN or an alias.
func ReadDefaultKey(ctx context.Context, s awsapi.Session) (string, error) {
	out, err := GetDefaultKey.Do(ctx, s, &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.KmsKeyId), nil
}

// AWSKey is the end of the name of the key that AWS itself keeps for EBS.
const AWSKey = "alias/aws/ebs"

// gone marks the error of a thing that does not exist. A deregistered image is "unavailable", and not "not found".
func gone(err error) error {
	var api smithy.APIError
	if awsapi.IsNotFound(err) || errors.As(err, &api) && strings.HasSuffix(api.ErrorCode(), "AMIID.Unavailable") {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
