package iampolicy

import "maps"

// Kind is what a resource policy is attached to: some keys and rules exist for one service only.
type Kind int

// The kinds. Generic has only the rules that all services share.
const (
	Generic Kind = iota
	S3Bucket
	S3AccessPoint
	SQS
	SNS
	KMS
	Lambda
)

// service gives the action prefix of the kind, which is all that "*" can mean in a policy of that kind.
func (k Kind) service() string {
	return [...]string{Generic: "*", S3Bucket: "s3", S3AccessPoint: "s3", SQS: "sqs", SNS: "sns", KMS: "kms", Lambda: "lambda", trust: "sts"}[k]
}

// callerKeys are the condition keys that say who is calling or from where (S3 user guide, "The meaning of public";
// the shapeHint, shapeTrue and shapeOrigin ones are not in that list, though they narrow: AWS does not settle them).
// Every other key says how, what or when, never who: TLS, MFA, referer, user agent, dates, prefixes, tags (anybody may
// tag an own principal), aws:VpcSourceIp, and the keys that describe the resource itself.
func callerKeys(kind Kind) map[string]shape {
	if kind == trust {
		return trustKeys()
	}
	keys := map[string]shape{
		"aws:principalorgid":    shapeID,
		"aws:principalaccount":  shapeID,
		"aws:principalarn":      shapeARN,
		"aws:principalorgpaths": shapeOrgPath,
		"aws:userid":            shapeUserID,
		"aws:sourceip":          shapeCIDR,
		"aws:sourcearn":         shapeARN,
		"aws:sourcevpc":         shapeID,
		"aws:sourcevpce":        shapeID,
		"aws:sourceowner":       shapeID,
		"aws:sourceaccount":     shapeID,

		"aws:principalisawsservice":     shapeTrue,
		"aws:principalservicename":      shapeHint,
		"aws:principalservicenameslist": shapeHint,
		"aws:sourceorgid":               shapeHint,
		"aws:sourceorgpaths":            shapeHint,
		"aws:sourcevpcarn":              shapeHint,
		"aws:vpceaccount":               shapeHint,
		"aws:vpceorgid":                 shapeHint,
		"aws:vpceorgpaths":              shapeHint,
		"aws:federatedprovider":         shapeHint,
		"lambda:sourcefunctionarn":      shapeHint,
	}
	maps.Copy(keys, kindKeys(kind))
	return keys
}

func kindKeys(kind Kind) map[string]shape {
	switch kind {
	case S3Bucket:
		return map[string]shape{
			"s3:dataaccesspointarn":                          shapeAPARN,
			"s3:dataaccesspointaccount":                      shapeID,
			"s3:accesspointnetworkorigin":                    shapeOrigin,
			"s3:x-amz-server-side-encryption-aws-kms-key-id": shapeHint,
		}
	case S3AccessPoint:
		return map[string]shape{
			"s3:dataaccesspointarn":                          shapeAPStrict,
			"s3:dataaccesspointaccount":                      shapeID,
			"s3:accesspointnetworkorigin":                    shapeOrigin,
			"s3:x-amz-server-side-encryption-aws-kms-key-id": shapeHint,
		}
	case KMS:
		return map[string]shape{"kms:calleraccount": shapeID}
	}
	return nil
}

// trust is the kind of trust policies. Their keys differ from a resource's: sts:AssumeRole is called by principals
// themselves, so what narrows a service's call on somebody's behalf, or says from where, is not who.
const trust Kind = Lambda + 1

func trustKeys() map[string]shape {
	return map[string]shape{
		"aws:principalorgid":    shapeID,
		"aws:principalaccount":  shapeID,
		"aws:principalarn":      shapeARN,
		"aws:principalorgpaths": shapeOrgPath,
		"aws:userid":            shapeUserID,

		"sts:externalid":                shapeHint,
		"aws:sourceip":                  shapeOffice,
		"aws:sourcevpc":                 shapeHint,
		"aws:sourcevpce":                shapeHint,
		"aws:sourcevpcarn":              shapeHint,
		"aws:vpceaccount":               shapeHint,
		"aws:vpceorgid":                 shapeHint,
		"aws:vpceorgpaths":              shapeHint,
		"aws:sourcearn":                 shapeHint,
		"aws:sourceaccount":             shapeHint,
		"aws:sourceowner":               shapeHint,
		"aws:sourceorgid":               shapeHint,
		"aws:sourceorgpaths":            shapeHint,
		"aws:federatedprovider":         shapeHint,
		"aws:principalisawsservice":     shapeTrue,
		"aws:principalservicename":      shapeHint,
		"aws:principalservicenameslist": shapeHint,
	}
}
