package requests

import "strings"

const s3Public = "s3-bucket-public"

const (
	bucket = `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
owner = s3:GetBucketAcl {"Bucket":"${bucket}"} Owner.ID
`
	everyone   = `{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	partner    = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	both       = `{"Sid":"Both","Effect":"Allow","Principal":{"AWS":["*","arn:aws:iam::210987654321:root"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	cloudFront = `{"Sid":"CDN","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	endpoint   = `{"Sid":"Network","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}}`
	points     = `{"Sid":"Points","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::${bucket}","arn:aws:s3:::${bucket}/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"${account}"}}}`
	unclear    = `{"Sid":"Unclear","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*","Condition":{"StringEquals":{"aws:SourceOrgID":"o-a1b2c3d4e5"}}}`
	deleted    = `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEDELETED00"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`

	blocked         = `{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}`
	noEffect        = `{"BlockPublicAcls":false,"IgnorePublicAcls":true,"BlockPublicPolicy":false,"RestrictPublicBuckets":true}`
	policiesBlocked = `{"BlockPublicAcls":false,"IgnorePublicAcls":false,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}`
	aclsBlocked     = `{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":false,"RestrictPublicBuckets":false}`

	readACL    = `s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}` + "\n"
	website    = `s3:PutBucketWebsite {"Bucket":"${bucket}","WebsiteConfiguration":{"IndexDocument":{"Suffix":"index.html"}}}` + "\n"
	disabled   = `s3:PutBucketOwnershipControls {"Bucket":"${bucket}","OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}` + "\n"
	allUsers   = `{"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"}`
	partnerACL = `{"Grantee":{"Type":"CanonicalUser","ID":"d4f2e85ad2a5bb3ea2a6d9e0a3a1ef5bcd0b2f3c0d6d6f8f3b2e1c0a99887766"},"Permission":"READ"}`
	delivery   = `{"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"WRITE"}`
)

func policy(statements ...string) string {
	return `s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + "]}}\n"
}

func grants(list ...string) string {
	own := `{"Grantee":{"Type":"CanonicalUser","ID":"${owner}"},"Permission":"FULL_CONTROL"}`
	return `s3:PutBucketAcl {"Bucket":"${bucket}","AccessControlPolicy":{"Owner":{"ID":"${owner}"},"Grants":[` + strings.Join(append(list, own), ",") + "]}}\n"
}

func block(settings string) string {
	return `s3:PutPublicAccessBlock {"Bucket":"${bucket}","PublicAccessBlockConfiguration":` + settings + "}\n"
}

func accountBlock(settings string) string {
	return `s3control:PutPublicAccessBlock {"AccountId":"${account}","PublicAccessBlockConfiguration":` + settings + "}\n"
}

// bucketBudgets: a fully blocked bucket costs 1 read; a public one at most 8 to plan, as many to plan again, the write and the read-back, 18 in all.
//
// To plan: 1 for the bucket's block, 1 for the account's unless the bucket's own is enough, 2 for policy and ACL, 1 for Object Ownership if a public grant would
// count, and then, if anything is wrong, 1 for the tags, 1 for the website, and 1 for CloudFront where the fix could be automatic but for that: not where a
// website, logs or CloudFront in the policy ask for a person, and not where policy and ACL have to be edited, which would make it 20 in all. To read back: 1 for
// what was written.
var bucketBudgets = []budget{
	{s3Public, "bucket, fully blocked", bucket + policy(everyone) + readACL + block(blocked), 1, 0, 0},
	{s3Public, "bucket, blocked but for what is new", bucket + policy(everyone) + readACL + block(noEffect), 1, 0, 0},
	{s3Public, "bucket, blocked by its account", bucket + policy(everyone) + readACL + accountBlock(blocked), 2, 0, 0},
	{s3Public, "bucket, blocked by both together", bucket + policy(everyone) + readACL + block(aclsBlocked) + accountBlock(policiesBlocked), 2, 0, 0},
	{s3Public, "bucket, private", bucket, 4, 0, 0},
	{s3Public, "bucket, public ACL that is disabled", bucket + readACL + disabled, 5, 0, 0},
	{s3Public, "bucket, public policy", bucket + policy(everyone), 7, 1, 1},
	{s3Public, "bucket, public ACL", bucket + readACL, 8, 1, 1},
	{s3Public, "bucket, public policy and ACL", bucket + policy(everyone) + readACL, 8, 1, 1},
	{s3Public, "bucket, public policy, disabled ACL", bucket + policy(everyone) + readACL + disabled, 8, 1, 1},
	{s3Public, "bucket, website, public policy, partner", bucket + policy(everyone, partner) + website, 6, 1, 1},
	{s3Public, "bucket, website, public policy", bucket + policy(everyone) + website, 6, 1, 1},
	{s3Public, "bucket, website, public policy and ACL", bucket + policy(everyone) + readACL + website, 7, 1, 1},
	{s3Public, "bucket, logs by ACL, public policy and ACL", bucket + policy(everyone) + grants(allUsers, delivery), 7, 1, 1},
	{s3Public, "bucket, public ACL, policy for a partner", bucket + policy(partner) + readACL, 8, 1, 1},
	{s3Public, "bucket, public policy, partner", bucket + policy(everyone, partner), 7, 1, 1},
	{s3Public, "bucket, public policy, partner in the same statement", bucket + policy(both), 7, 1, 1},
	{s3Public, "bucket, public policy, partner by ACL", bucket + policy(everyone) + grants(partnerACL), 7, 1, 1},
	{s3Public, "bucket, public policy, CloudFront", bucket + policy(everyone, cloudFront), 6, 1, 1},
	{s3Public, "bucket, public policy, VPC endpoint", bucket + policy(everyone, endpoint), 7, 1, 1},
	{s3Public, "bucket, public policy, own access points", bucket + policy(everyone, points), 7, 1, 1},
	{s3Public, "bucket, public policy, unsettled statement", bucket + policy(everyone, unclear), 7, 1, 1},
	{s3Public, "bucket, public ACL, unsettled statement", bucket + policy(unclear) + readACL, 8, 1, 1},
	{s3Public, "bucket, public policy and ACL, partner", bucket + policy(everyone, partner) + readACL, 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, partner by ACL", bucket + policy(everyone) + grants(allUsers, partnerACL), 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, partner, logs by ACL", bucket + policy(everyone, partner) + grants(allUsers, delivery), 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, partner, website", bucket + policy(everyone, partner) + readACL + website, 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, CloudFront", bucket + policy(everyone, cloudFront) + readACL, 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, own access points", bucket + policy(everyone, points) + readACL, 7, 2, 2},
	{s3Public, "bucket, public policy and ACL, unsettled, partner", bucket + policy(everyone, unclear, partner) + readACL, 7, 2, 2},
	{s3Public, "bucket, public policy, disabled ACL, partner", bucket + policy(everyone, partner) + readACL + disabled, 8, 1, 1},
	{s3Public, "bucket, public policy and ACL, deleted and partner", bucket + policy(everyone, deleted, partner) + readACL, 8, 1, 1},
	{s3Public, "bucket, public policy and ACL, partner, ACLs ignored", bucket + policy(everyone, partner) + readACL + block(aclsBlocked), 7, 1, 1},
	{s3Public, "bucket, the same, ignored by the account", bucket + policy(everyone, partner) + readACL + accountBlock(aclsBlocked), 7, 1, 1},
	{s3Public, "bucket, public policy and ACL, partner, restricted", bucket + policy(everyone, partner) + readACL + block(policiesBlocked), 8, 1, 1},
}
