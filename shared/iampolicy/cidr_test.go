package iampolicy

import "testing"

// TestSourceIP: broader than /8 or /32 is public, whatever the network; RFC 1918 networks pass.
func TestSourceIP(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]Verdict{
		`"203.0.113.0/24"`: no,
		`"203.0.113.9"`:    no,
		`"203.0.113.9/32"`: no,
		`"3.0.0.0/8"`:      no,
		`"3.1.2.3/8"`:      no,
		`"10.0.0.0/8"`:     no,
		`"172.16.0.0/12"`:  no,
		`["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]`: no,
		`"0.0.0.0/0"`:                          yes,
		`"203.0.113.9/0"`:                      yes,
		`"0.0.0.0/1"`:                          yes,
		`"128.0.0.0/1"`:                        yes,
		`"10.0.0.0/7"`:                         yes,
		`["203.0.113.0/24","0.0.0.0/0"]`:       yes,
		`["203.0.113.0/24","198.51.100.0/24"]`: no,
		`"2001:db8::/32"`:                      no,
		`"2001:db8::1"`:                        no,
		`"2001:db8::/31"`:                      yes,
		`"::/0"`:                               yes,
		`"0:0:0:0:0:0:0:0/0"`:                  yes,
		`"2000::/3"`:                           yes,
		`"::ffff:0.0.0.0/96"`:                  yes,
		`"::ffff:203.0.113.0/120"`:             no,
		`"::/64"`:                              may,
		`"fc00::/7"`:                           may,
		`"fd00::/8"`:                           may,
		`"fd12:3456::/32"`:                     no,
		`"*"`:                                  yes,
		`"203.0.113.*"`:                        yes,
		`"${aws:SourceIp}"`:                    yes,
		`"office"`:                             may,
		`["8.0.0.0/8","9.0.0.0/8"]`:            may,
		`["12.0.0.0/9","12.128.0.0/9","13.0.0.0/8"]`: may,
		`["11.0.0.0/8","12.0.0.0/8"]`:                no,
		`["2001:db8::/32","2001:db9::/32"]`:          may,
		`[]`:                                         may,
	} {
		for _, kind := range []Kind{Generic, S3Bucket, SQS} {
			condition := `{"IpAddress":{"aws:SourceIp":` + values + `}}`
			got := JudgePublic(allow(t, `"*"`, condition).Statements[0], kind)
			if got.Verdict != want {
				t.Errorf("%s: got %v (%s), want %v", values, got.Verdict, got.Reason, want)
			}
		}
	}
}

// TestSourceIPAsText: compared as text only a single address can match.
func TestSourceIPAsText(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string]Verdict{
		`{"StringEquals":{"aws:SourceIp":"203.0.113.9"}}`:    no,
		`{"StringEquals":{"aws:SourceIp":"0.0.0.0/0"}}`:      may,
		`{"StringEquals":{"aws:SourceIp":"203.0.113.*"}}`:    may,
		`{"StringLike":{"aws:SourceIp":"203.0.113.*"}}`:      yes,
		`{"StringLike":{"aws:SourceIp":"203.0.113.9"}}`:      no,
		`{"StringNotEquals":{"aws:SourceIp":"203.0.113.9"}}`: yes,
	} {
		got := JudgePublic(allow(t, `"*"`, condition).Statements[0], S3Bucket)
		if got.Verdict != want {
			t.Errorf("%s: got %v (%s), want %v", condition, got.Verdict, got.Reason, want)
		}
	}
}
