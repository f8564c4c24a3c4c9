package faults

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// kind is a way in which a bucket is wrong, and what it must be in the end: nothing but the violation is gone.
type kind struct {
	name, setup, reopen string
	policy              string
	block               s3api.Block
	half                *kind // what it may be instead, if somebody died between two writes and what was left had a plan of its own
}

const create = `s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}` + "\n"

const (
	everyone = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}`

	// Odd spaces and order: every byte but the statement's has to survive.
	withPartner = `{ "Version" : "2012-10-17",
  "Statement": [
    {"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"} ,
    {"Sid":"Partner", "Principal":{"AWS":"arn:aws:iam::210987654321:role/reader"},"Effect":"Allow",   "Action" : [ "s3:GetObject" ],"Resource":"arn:aws:s3:::${bucket}/*"}
   ] }`
	partnerOnly = `{ "Version" : "2012-10-17",
  "Statement": [
    {"Sid":"Partner", "Principal":{"AWS":"arn:aws:iam::210987654321:role/reader"},"Effect":"Allow",   "Action" : [ "s3:GetObject" ],"Resource":"arn:aws:s3:::${bucket}/*"}
   ] }`

	functions = `{"Sid":"Functions","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${account}:role/app-*"}}}`
	unsettled = `{"Version":"2012-10-17","Statement":[` + functions + `,{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}`
	settled   = `{"Version":"2012-10-17","Statement":[` + functions + `]}`
)

func put(policy string) string {
	return `s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":` + policy + "}\n"
}

var (
	blocked = kind{name: "blocked", setup: create + put(everyone), reopen: `s3:DeletePublicAccessBlock {"Bucket":"${bucket}"}`, policy: everyone, block: s3api.FullBlock}
	edited  = kind{name: "edited", setup: create + put(withPartner), reopen: put(withPartner), policy: partnerOnly}
	// beside has a statement beside the public one that stays, and stays reported.
	beside = kind{name: "beside", setup: create + put(unsettled), reopen: put(unsettled), policy: settled}
	twice  = kind{name: "twice", setup: create + put(withPartner) + publicACL, reopen: put(withPartner) + publicACL, policy: partnerOnly, half: &kind{policy: partnerOnly, block: s3api.FullBlock}}
)

const publicACL = `s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}` + "\n"

func (w *world) filled(text, bucket string) string {
	return strings.NewReplacer("${bucket}", bucket, "${account}", w.account).Replace(text)
}

// bucket makes one that is wrong in this way.
func (w *world) bucket(k kind, name string) string {
	w.t.Helper()
	bucket := name + "-" + w.account
	w.owner(bucket, k.setup)
	return bucket
}

// mended checks that the bucket is exactly as planned.
func (w *world) mended(t testing.TB, k kind, bucket string) {
	t.Helper()
	now := w.see(bucket)
	if !w.is(now, k, bucket) && (k.half == nil || !w.is(now, *k.half, bucket)) {
		t.Errorf("%s is not as planned: %+v\nrecords: %s\n%s", bucket, now, w.kinds(), w.script)
	}
}

func (w *world) is(l look, k kind, bucket string) bool {
	return l.Policy == w.filled(k.policy, bucket) && l.Block == k.block && (l.Block.IgnorePublicAcls || !strings.Contains(l.Grants, "AllUsers"))
}
