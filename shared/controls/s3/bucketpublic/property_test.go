package bucketpublic

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
)

// statement is one of a policy, with what a person says of it.
type statement struct {
	principal, condition string
	public               bool // S3 would call it public
	unsettled            bool // AWS does not say
	foreign              bool // somebody outside the account has access by it, besides everybody
	careful              bool // CloudFront or log delivery depends on the bucket
}

func (s statement) String() string {
	who := `"Principal":` + s.principal
	if strings.HasPrefix(s.principal, "not ") {
		who = `"NotPrincipal":` + strings.TrimPrefix(s.principal, "not ")
	}
	text := `{"Effect":"Allow",` + who + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
	if s.condition != "" {
		text += `,"Condition":` + s.condition
	}
	return text + "}"
}

const goneRole = "AROAEXAMPLEDELETED00"

// menu is what random policies are made of. The account is 111122223333.
var menu = []statement{
	{principal: `"*"`, public: true},
	{principal: `{"AWS":"*"}`, condition: `{"Bool":{"aws:SecureTransport":"true"}}`, public: true},
	{principal: `"*"`, condition: `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}`, public: true},
	{principal: `not {"AWS":"444455556666"}`, public: true},
	{principal: `{"AWS":["*","arn:aws:iam::111122223333:role/own"]}`, public: true},
	{principal: `{"AWS":["*","arn:aws:iam::444455556666:role/reader-of-111122223333"]}`, public: true, foreign: true},
	{principal: `{"AWS":"*","CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, public: true, foreign: true},
	{principal: `{"AWS":"*","Service":"logging.s3.amazonaws.com"}`, public: true, careful: true},
	{principal: `{"AWS":["*","arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"]}`, public: true, foreign: true, careful: true},
	{principal: `{"AWS":["*","arn:aws:iam::156460612806:root"]}`, public: true, foreign: true, careful: true},
	{principal: `{"AWS":["arn:aws:iam::*:role/x","arn:aws:iam::444455556666:role/y"]}`, public: true, foreign: true},
	{principal: `{"AWS":["*","arn:aws:iam::444455556666:role/*"]}`, public: true, foreign: true},
	{principal: `{"AWS":["111122223333","arn:aws:iam::444455556666:root"]}`, foreign: true},
	{principal: `{"AWS":"arn:aws:iam::111122223333:root"}`},
	{principal: `{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, foreign: true},
	{principal: `{"Service":"cloudfront.amazonaws.com"}`, condition: `{"StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}`, careful: true},
	{principal: `{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}`, careful: true},
	{principal: `"*"`, condition: `{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, foreign: true},
	{principal: `"*"`, condition: `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, foreign: true},
	{principal: `"*"`, condition: `{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`, foreign: true},
	{principal: `"*"`, condition: `{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`, foreign: true},
	{principal: `"*"`, condition: `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/x"}}`, foreign: true},
	{principal: `"*"`, condition: `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}}`},
	{principal: `"*"`, condition: `{"StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}}`, foreign: true},
	{principal: `"*"`, condition: `{"StringEquals":{"aws:userid":"AIDAJQABLZS4A3QDU576Q"}}`, foreign: true},
	{principal: `"*"`, condition: `{"Bool":{"aws:PrincipalIsAWSService":"true"}}`, unsettled: true, foreign: true},
	{principal: `"*"`, condition: `{"StringLike":{"aws:userid":"AROAJQABLZS4A3QDU576Q:*"}}`, unsettled: true, foreign: true},
	{principal: `{"AWS":"` + goneRole + `"}`},
}

// TestPlansCutNobodyOff plans for random buckets, and says of each plan from what stands on the menu whether it is one.
func TestPlansCutNobodyOff(t *testing.T) {
	t.Parallel()
	blocks := []*s3api.Block{nil, nil, {}, {IgnorePublicAcls: true}, {RestrictPublicBuckets: true}, {BlockPublicAcls: true, BlockPublicPolicy: true}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var policy []statement
		for range random.IntN(4) {
			policy = append(policy, menu[random.IntN(len(menu))])
		}
		s := State{
			Block: blocks[random.IntN(len(blocks))], AccountBlock: blocks[random.IntN(len(blocks))], Website: random.IntN(5) == 0, Account: "111122223333", Owner: "me",
			Grants: []s3api.Grant{{Type: "CanonicalUser", Grantee: "me", Permission: "FULL_CONTROL"}},
		}
		for _, g := range []s3api.Grant{{Type: "CanonicalUser", Grantee: "partner"}, {Type: "Group", Grantee: s3api.AuthenticatedUsers}, {Type: "Group", Grantee: s3api.LogDelivery}} {
			if random.IntN(4) == 0 {
				g.Permission = "READ"
				s.Grants = append(s.Grants, g)
			}
		}
		checkPlan(t, s, policy)
	}
}

func checkPlan(t *testing.T, s State, policy []statement) {
	t.Helper()
	public, unsettled, careful := false, false, s.Website || granted(s, s3api.LogDelivery)
	foreign, publicACL := granted(s, "partner"), granted(s, s3api.AuthenticatedUsers)
	var texts []string
	for _, p := range policy {
		texts = append(texts, p.String())
		public, unsettled, foreign, careful = public || p.public, unsettled || p.unsettled, foreign || p.foreign, careful || p.careful
	}
	if len(texts) > 0 {
		s.PolicyText = `{"Version":"2012-10-17","Statement":[` + strings.Join(texts, ",") + `]}`
		s.Policy = json.RawMessage(s.PolicyText)
	}
	restricted := s.effective().RestrictPublicBuckets
	violations := judge(s, core.Settings{})
	if wrong := public && !restricted || publicACL && !s.effective().IgnorePublicAcls; wrong != anySettled(violations) {
		t.Fatalf("judged %+v, wrong is %v: %+v", violations, wrong, s)
	}
	fix, err := plan(awsapi.Resource{ID: "b", Account: s.Account, Region: "eu-west-1", Partition: "aws"}, s, violations, core.Settings{})
	if err != nil {
		t.Fatalf("%v: %s", err, s.PolicyText)
	}
	if careful && len(fix.Changes) > 0 && len(fix.NeverAuto) == 0 {
		t.Errorf("nobody would look first: %s %+v", s.PolicyText, s.Grants)
	}
	if len(fix.Changes) == 0 && anySettled(violations) && !strings.Contains(s.PolicyText, goneRole) {
		t.Errorf("nothing is done: %s", s.PolicyText)
	}
	for _, c := range fix.Changes {
		in := string(c.Do.Input)
		switch op := strings.TrimPrefix(c.Do.Op, "s3:"); {
		case op == "PutPublicAccessBlock" && !restricted && foreign && (public || unsettled):
			t.Errorf("outsiders are cut off: %s %+v", s.PolicyText, s.Grants)
		case op == "PutBucketPolicy" && strings.Contains(in, goneRole):
			t.Errorf("S3 would refuse %s", in)
		case op == "PutBucketAcl" && granted(s, "partner") && !strings.Contains(in, `"partner"`):
			t.Errorf("the ACL loses its partner: %s", in)
		case op == "PutBucketPolicy" || op == "DeleteBucketPolicy":
			for _, p := range policy {
				quoted, _ := json.Marshal(p.String()) // a string always encodes
				if !p.public && !strings.Contains(in, string(quoted[1:len(quoted)-1])) {
					t.Errorf("%s is lost: %s", p, in)
				}
			}
		}
	}
	if len(fix.Changes) > 0 {
		for _, v := range judge(fix.After, core.Settings{}) {
			if !v.Unsettled && !v.Manual {
				t.Errorf("still wrong afterwards: %+v in %s", v, s.PolicyText)
			}
		}
	}
}

func granted(s State, to string) bool {
	for _, g := range s.Grants {
		if g.Grantee == to {
			return true
		}
	}
	return false
}
