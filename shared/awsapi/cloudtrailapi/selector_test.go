package cloudtrailapi

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

func field(name string, set func(*types.AdvancedFieldSelector)) types.AdvancedFieldSelector {
	f := types.AdvancedFieldSelector{Field: &name}
	set(&f)
	return f
}

func equals(name string, values ...string) types.AdvancedFieldSelector {
	return field(name, func(f *types.AdvancedFieldSelector) { f.Equals = values })
}

func notEquals(name string, values ...string) types.AdvancedFieldSelector {
	return field(name, func(f *types.AdvancedFieldSelector) { f.NotEquals = values })
}

func TestTakes(t *testing.T) {
	t.Parallel()
	on := func(b types.EventSelector) *cloudtrail.GetEventSelectorsOutput {
		return &cloudtrail.GetEventSelectorsOutput{EventSelectors: []types.EventSelector{b}}
	}
	advanced := func(selectors ...[]types.AdvancedFieldSelector) *cloudtrail.GetEventSelectorsOutput {
		out := &cloudtrail.GetEventSelectorsOutput{}
		for _, s := range selectors {
			out.AdvancedEventSelectors = append(out.AdvancedEventSelectors, types.AdvancedEventSelector{FieldSelectors: s})
		}
		return out
	}
	management := equals("eventCategory", "Management")
	for name, c := range map[string]struct {
		selectors *cloudtrail.GetEventSelectorsOutput
		s3, kms   Answer
	}{
		"none":                           {advanced(), No, No},
		"a new trail's":                  {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true)}), Yes, Yes},
		"basic, management not said":     {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeAll}), Yes, Yes},
		"basic, writes":                  {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeWriteOnly}), Yes, Yes},
		"basic, reads":                   {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeReadOnly}), No, No},
		"basic, data only":               {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(false)}), No, No},
		"basic, without KMS":             {on(types.EventSelector{ReadWriteType: types.ReadWriteTypeAll, ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}), Yes, No},
		"advanced, all":                  {advanced([]types.AdvancedFieldSelector{management}), Yes, Yes},
		"advanced, writes":               {advanced([]types.AdvancedFieldSelector{management, equals("readOnly", "false")}), Yes, Yes},
		"advanced, reads":                {advanced([]types.AdvancedFieldSelector{management, equals("readOnly", "true")}), No, No},
		"advanced, data":                 {advanced([]types.AdvancedFieldSelector{equals("eventCategory", "Data"), equals("resources.type", "AWS::S3::Object")}), No, No},
		"advanced, without KMS":          {advanced([]types.AdvancedFieldSelector{management, notEquals("eventSource", "kms.amazonaws.com", "rdsdata.amazonaws.com")}), Yes, No},
		"advanced, only one service":     {advanced([]types.AdvancedFieldSelector{management, equals("eventSource", "kms.amazonaws.com")}), No, Yes},
		"advanced, without a name":       {advanced([]types.AdvancedFieldSelector{management, notEquals("eventName", "PutBucketPolicy")}), No, Yes},
		"advanced, by who it was":        {advanced([]types.AdvancedFieldSelector{management, notEquals("userIdentity.arn", "arn:aws:iam::111122223333:role/deploy")}), Maybe, Maybe},
		"advanced, two that complete":    {advanced([]types.AdvancedFieldSelector{management, notEquals("eventSource", "kms.amazonaws.com")}, []types.AdvancedFieldSelector{management, equals("eventSource", "kms.amazonaws.com")}), Yes, Yes},
		"advanced, names not begin with": {advanced([]types.AdvancedFieldSelector{management, field("eventName", func(f *types.AdvancedFieldSelector) { f.NotStartsWith = []string{"Put"} })}), No, Yes},
		"advanced, names that end":       {advanced([]types.AdvancedFieldSelector{management, field("eventName", func(f *types.AdvancedFieldSelector) { f.EndsWith = []string{"Policy"} })}), Yes, No},
	} {
		s := selectors(c.selectors)
		if got := s.Takes("s3.amazonaws.com", "PutBucketPolicy"); got != c.s3 {
			t.Errorf("%s: PutBucketPolicy is taken: %s, want %s", name, got, c.s3)
		}
		if got := s.Takes("kms.amazonaws.com", "DisableKeyRotation"); got != c.kms {
			t.Errorf("%s: DisableKeyRotation is taken: %s, want %s", name, got, c.kms)
		}
	}
}
