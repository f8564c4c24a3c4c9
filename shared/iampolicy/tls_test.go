package iampolicy

import "testing"

func TestEnforcesTLS(t *testing.T) {
	t.Parallel()
	const both = `"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`
	const plain = `"Condition":{"Bool":{"aws:SecureTransport":"false"}}`
	const deny = `{"Effect":"Deny","Principal":"*","Action":"s3:*",`
	for name, c := range map[string]struct {
		statements string
		want       bool
	}{
		"the documented statement":       {deny + both + `,` + plain + `}`, true},
		"boolean value":                  {deny + both + `,"Condition":{"Bool":{"aws:SecureTransport":false}}}`, true},
		"value in a list":                {deny + both + `,"Condition":{"Bool":{"aws:SecureTransport":["false"]}}}`, true},
		"small key and operator":         {deny + both + `,"Condition":{"bool":{"AWS:securetransport":"False"}}}`, true},
		"BoolIfExists":                   {deny + both + `,"Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}}`, true},
		"AWS star":                       {`{"Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],` + both + `,` + plain + `}`, true},
		"every action":                   {`{"Effect":"Deny","Principal":"*","Action":"*",` + both + `,` + plain + `}`, true},
		"every resource":                 {deny + `"Resource":"*",` + plain + `}`, true},
		"bucket prefix":                  {deny + `"Resource":"arn:aws:s3:::b*",` + plain + `}`, true},
		"two statements":                 {deny + `"Resource":"arn:aws:s3:::b",` + plain + `},` + deny + `"Resource":"arn:aws:s3:::b/*",` + plain + `}`, true},
		"beside another statement":       {allowText(`"*"`, "") + `,` + deny + both + `,` + plain + `}`, true},
		"objects only":                   {deny + `"Resource":"arn:aws:s3:::b/*",` + plain + `}`, false},
		"bucket only":                    {deny + `"Resource":"arn:aws:s3:::b",` + plain + `}`, false},
		"one prefix of the objects":      {deny + `"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/x/*"],` + plain + `}`, false},
		"another bucket":                 {deny + `"Resource":["arn:aws:s3:::c","arn:aws:s3:::c/*"],` + plain + `}`, false},
		"reads only":                     {`{"Effect":"Deny","Principal":"*","Action":"s3:Get*",` + both + `,` + plain + `}`, false},
		"one account":                    {`{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*",` + both + `,` + plain + `}`, false},
		"exempted principal":             {`{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*",` + both + `,` + plain + `}`, false},
		"a further condition":            {deny + both + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`, false},
		"the wrong value":                {deny + both + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, false},
		"TLS version alone":              {deny + both + `,"Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}}`, false},
		"Allow with TLS is no Deny":      {`{"Effect":"Allow","Principal":"*","Action":"s3:*",` + both + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, false},
		"Allow without TLS":              {`{"Effect":"Allow","Principal":"*","Action":"s3:*",` + both + `,` + plain + `}`, false},
		"no condition":                   {deny + both + `}`, false},
		"the key as text":                {deny + both + `,"Condition":{"StringEquals":{"aws:SecureTransport":"false"}}}`, false},
		"NotResource spares the objects": {`{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/public/*",` + plain + `}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := EnforcesTLS(parse(t, `[`+c.statements+`]`), "arn:aws:s3:::b"); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTLSDenyStatement(t *testing.T) {
	t.Parallel()
	got := string(TLSDenyStatement("aws-cn", "b", "DenyPlainHTTP"))
	want := `{"Sid":"DenyPlainHTTP","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws-cn:s3:::b","arn:aws-cn:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d := parse(t, `{"Statement":`+allowText(`{"AWS":"111122223333"}`, "")+`}`)
	doc, err := d.WithStatement([]byte(got))
	if err != nil || !EnforcesTLS(parse(t, string(doc)), "arn:aws-cn:s3:::b") {
		t.Errorf("the statement does not enforce TLS: %s %v", doc, err)
	}
}
