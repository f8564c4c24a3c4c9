package ec2api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
)

const account = "111122223333"

// script answers one request after the other, and keeps what was asked.
type script struct {
	answers []string // a body; one that begins with "!" is an error's code
	asked   []string
}

func (s *script) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	s.asked = append(s.asked, string(body))
	status, text := http.StatusOK, s.answers[len(s.asked)-1]
	if code, failed := strings.CutPrefix(text, "!"); failed {
		status, text = http.StatusBadRequest, `<Response><Errors><Error><Code>`+code+`</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
}

func (s *script) session() awsapi.Session {
	cfg := aws.Config{HTTPClient: s, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, account, "eu-west-1")
}

func TestListsReadAllPagesOfTheOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    awsapi.ResourceType
		answers []string
		want    []string
		asks    string // in the first request
	}{
		{
			ec2api.Volume,
			[]string{
				`<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId></item></volumeSet><nextToken>more</nextToken></DescribeVolumesResponse>`,
				`<DescribeVolumesResponse><volumeSet><item><volumeId>vol-2</volumeId></item></volumeSet></DescribeVolumesResponse>`,
			},
			[]string{"vol-1", "vol-2"}, "MaxResults=500",
		},
		{
			ec2api.Snapshot,
			[]string{
				`<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>snap-1</snapshotId><ownerId>111122223333</ownerId></item>` +
					`<item><snapshotId>snap-x</snapshotId><ownerId>444455556666</ownerId></item></snapshotSet><nextToken>more</nextToken></DescribeSnapshotsResponse>`,
				`<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>snap-2</snapshotId><ownerId>111122223333</ownerId></item></snapshotSet></DescribeSnapshotsResponse>`,
			},
			[]string{"snap-1", "snap-2"}, "Owner.1=self",
		},
		{
			ec2api.Image,
			[]string{
				`<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId><imageOwnerId>111122223333</imageOwnerId></item>` +
					`<item><imageId>ami-x</imageId><imageOwnerId>444455556666</imageOwnerId></item></imagesSet><nextToken>more</nextToken></DescribeImagesResponse>`,
				`<DescribeImagesResponse><imagesSet><item><imageId>ami-2</imageId><imageOwnerId>111122223333</imageOwnerId></item></imagesSet></DescribeImagesResponse>`,
			},
			[]string{"ami-1", "ami-2"}, "Owner.1=self",
		},
	} {
		s := &script{answers: c.answers}
		got, err := c.kind.List(t.Context(), s.session())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (- want, + got)\n%s", c.kind.Name, diff)
		}
		if !strings.Contains(s.asked[0], c.asks) || !strings.Contains(s.asked[1], "NextToken=more") {
			t.Errorf("%s asked %q", c.kind.Name, s.asked)
		}
	}
}

func TestWhatIsGone(t *testing.T) {
	t.Parallel()
	volume := func(ctx context.Context, s awsapi.Session) error {
		_, err := ec2api.ReadVolume(ctx, s, "vol-1")
		return err
	}
	snapshot := func(ctx context.Context, s awsapi.Session) error {
		_, err := ec2api.ReadSnapshot(ctx, s, "snap-1")
		return err
	}
	image := func(ctx context.Context, s awsapi.Session) error {
		_, err := ec2api.ReadImage(ctx, s, "ami-1")
		return err
	}
	for _, c := range []struct {
		answer string
		read   func(context.Context, awsapi.Session) error
		gone   bool
	}{
		{"!InvalidVolume.NotFound", volume, true},
		{`<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><status>deleted</status></item></volumeSet></DescribeVolumesResponse>`, volume, true},
		{`<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><status>available</status></item></volumeSet></DescribeVolumesResponse>`, volume, false},
		{"!UnauthorizedOperation", volume, false},
		{"!InvalidSnapshot.NotFound", snapshot, true},
		{`<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>`, snapshot, true},
		{"!InvalidAMIID.NotFound", image, true},
		{"!InvalidAMIID.Unavailable", image, true},
		{"!InvalidAMIID.Malformed", image, false},
		{`<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>`, image, true},
	} {
		s := &script{answers: []string{c.answer}}
		if err := c.read(t.Context(), s.session()); errors.Is(err, awsapi.ErrGone) != c.gone {
			t.Errorf("%s: gone %t, want %t: %v", c.answer, !c.gone, c.gone, err)
		}
	}
}

func TestSharingOfAnImage(t *testing.T) {
	t.Parallel()
	s := &script{answers: []string{`<DescribeImageAttributeResponse><imageId>ami-1</imageId><launchPermission>` +
		`<item><organizationalUnitArn>arn:aws:organizations::444455556666:ou/o-1/ou-1</organizationalUnitArn></item><item><group>all</group></item>` +
		`<item><userId>444455556666</userId></item></launchPermission></DescribeImageAttributeResponse>`}}
	got, err := ec2api.ReadImageSharing(t.Context(), s.session(), "ami-1")
	if err != nil {
		t.Fatal(err)
	}
	want := ec2api.Sharing{Public: true, With: []string{"444455556666", "arn:aws:organizations::444455556666:ou/o-1/ou-1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsByWhatAnEventNames(t *testing.T) {
	t.Parallel()
	for event, c := range map[string]struct{ id, filter string }{
		"ec2.amazonaws.com:CreateVpc":               {"vpc-1", "group-name"},
		"ec2.amazonaws.com:ModifyManagedPrefixList": {"pl-1", "ip-permission.prefix-list-id"},
	} {
		s := &script{answers: []string{
			`<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item></securityGroupInfo></DescribeSecurityGroupsResponse>`,
		}}
		got, err := ec2api.SecurityGroup.Via[event].Find(t.Context(), s.session(), c.id)
		if err != nil || !slices.Equal(got, []string{"sg-1", "sg-2"}) {
			t.Errorf("%s: %v, %v", event, got, err)
		}
		if !strings.Contains(s.asked[0], c.id) || !strings.Contains(s.asked[0], c.filter) {
			t.Errorf("%s: asked %q", event, s.asked[0])
		}
	}
	for _, id := range []string{"sg-9", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-9"} {
		if got, err := ec2api.SecurityGroup.Resolve(t.Context(), awsapi.Session{}, id); err != nil || got != "sg-9" {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	r := awsapi.Resource{ID: "x-1", Account: account, Region: "cn-north-1", Partition: "aws-cn"}
	for _, c := range []struct {
		kind  awsapi.ResourceType
		arn   string
		scope []string
	}{
		{ec2api.Volume, "arn:aws-cn:ec2:cn-north-1:111122223333:volume/x-1", []string{"arn:aws-cn:ec2:cn-north-1:111122223333:volume/x-1"}},
		{ec2api.Snapshot, "arn:aws-cn:ec2:cn-north-1::snapshot/x-1", []string{"arn:aws-cn:ec2:cn-north-1::snapshot/x-1"}},
		{ec2api.Image, "arn:aws-cn:ec2:cn-north-1::image/x-1", []string{"arn:aws-cn:ec2:cn-north-1::image/x-1"}},
		{ec2api.EncryptionDefault, "arn:aws-cn:ec2:cn-north-1:111122223333:ebs-encryption-by-default", []string{"*"}},
	} {
		if got := c.kind.ARN(r); got != c.arn {
			t.Errorf("ARN %s, want %s", got, c.arn)
		}
		if diff := cmp.Diff(c.scope, c.kind.WriteScope(r)); diff != "" {
			t.Errorf("%s: scope %s", c.kind.Name, diff)
		}
	}
}
