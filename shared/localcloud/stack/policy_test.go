package stack

import (
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	event := request{action: "sqs:SendMessage", resource: "arn:aws:sqs:eu-west-1:1:q", service: "events.amazonaws.com", account: "111122223333",
		context: map[string]string{"aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/shoreup-x", "aws:SecureTransport": "true"}}
	role := request{action: "events:PutEvents", resource: "arn:aws:events:eu-west-1:2:event-bus/b", principal: "arn:aws:iam::111122223333:role/p/delivery", account: "111122223333",
		context: map[string]string{"aws:PrincipalArn": "arn:aws:iam::111122223333:role/p/delivery", "aws:PrincipalOrgID": "o-1"}}
	const allow, none, deny = "allow", "", "deny"
	for _, tt := range []struct {
		name, statement string
		request         request
		want            string
	}{
		{"the service", `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:1:q"}`, event, allow},
		{"another service", `{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com"]},"Action":"sqs:*","Resource":"*"}`, event, none},
		{"anybody", `{"Effect":"Allow","Principal":"*","Action":"sqs:sendmessage","Resource":"*"}`, event, allow},
		{"another action", `{"Effect":"Allow","Principal":"*","Action":["sqs:ReceiveMessage"],"Resource":"*"}`, event, none},
		{"another resource", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:sqs:eu-west-1:1:other"}`, event, none},
		{"not this action", `{"Effect":"Deny","Principal":"*","NotAction":"sqs:SendMessage","Resource":"*"}`, event, none},
		{"all but another resource", `{"Effect":"Deny","Principal":"*","Action":"*","NotResource":"arn:aws:sqs:eu-west-1:1:other"}`, event, deny},
		{"its rule", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:sourcearn":"arn:aws:events:*:*:rule/shoreup-*"}}}`, event, allow},
		{"another's rule", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:events:*:*:rule/other-*"]}}}`, event, none},
		{"over TLS", `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, event, none},
		{"whoever is not this role", `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::1:role/x"}}}`, event, deny},
		{"without a key", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`, event, none},
		{"without a key, if it is there", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}}`, event, allow},
		{"absent", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Null":{"aws:PrincipalOrgID":"true"}}}`, event, allow},
		{"the organisation", `{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/p/*"}}}`, role, allow},
		{"another organisation", `{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-2"}}}`, role, none},
		{"its account", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"events:PutEvents","Resource":"*"}`, role, allow},
		{"another account", `{"Effect":"Allow","Principal":{"AWS":["444455556666"]},"Action":"events:PutEvents","Resource":"*"}`, role, none},
		{"no resource, as in a trust policy", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"events:PutEvents"}`, role, allow},
	} {
		doc, err := parseDocument(decoded(t, `{"Version":"2012-10-17","Statement":`+tt.statement+`}`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := decide([]document{doc}, tt.request, false)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if want := (decision{allow: tt.want == allow, deny: tt.want == deny}); d != want {
			t.Errorf("%s: %+v, want %+v", tt.name, d, want)
		}
	}
}

func TestUnknownPoliciesAreErrors(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`: "IpAddress is not known here",
		`{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"*","Resource":"*"}`:                                              "NotPrincipal is not known here",
	} {
		doc, err := parseDocument(decoded(t, `{"Statement":[`+statement+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decide([]document{doc}, request{action: "a:b"}, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
	if _, err := parseDocument(map[string]any{"Version": "2012-10-17"}); err == nil {
		t.Error("a document without statements is taken")
	}
}
