package wiresecurityhub

import "strings"

// Finding is one finding in the AWS Security Finding Format as far as we read it.
// Source: Security Hub user guide, "AWS Security Finding Format (ASFF) syntax".
type Finding struct {
	ID           string `json:"Id"`
	ProductARN   string `json:"ProductArn"`
	GeneratorID  string `json:"GeneratorId"`
	AWSAccountID string `json:"AwsAccountId"`
	Region       string `json:"Region"`
	RecordState  string `json:"RecordState"`
	UpdatedAt    string `json:"UpdatedAt"` // by its provider
	Workflow     struct {
		Status string `json:"Status"`
	} `json:"Workflow"`
	// Compliance is absent from findings of products that check no control.
	Compliance *struct {
		Status            string `json:"Status"`
		SecurityControlID string `json:"SecurityControlId"`
	} `json:"Compliance"`
	Note struct {
		UpdatedBy string `json:"UpdatedBy"`
		UpdatedAt string `json:"UpdatedAt"`
	} `json:"Note"`
	ProductFields struct {
		ControlID   string `json:"ControlId"`
		RelatedType string `json:"RelatedAWSResources:0/type"`
		RelatedName string `json:"RelatedAWSResources:0/name"`
	} `json:"ProductFields"`
	Resources []Resource `json:"Resources"`
}

// Resource is one of a finding's resources.
type Resource struct {
	Type      string `json:"Type"`
	ID        string `json:"Id"`
	Partition string `json:"Partition"`
	Region    string `json:"Region"`
	Details   struct {
		AccessKey *struct {
			PrincipalName string `json:"PrincipalName"`
			PrincipalType string `json:"PrincipalType"`
			UserName      string `json:"UserName"` // deprecated form of PrincipalName
		} `json:"AwsIamAccessKey"`
	} `json:"Details"`
}

// controlID is Security Hub's control, e.g. S3.2: from Compliance, else as the generator or product fields of older findings spell it.
// "security-control/S3.2", "aws-foundational-security-best-practices/v/1.0.0/S3.2". CIS rule numbers (1.22) are not control ids.
func (f Finding) controlID() string {
	if f.Compliance != nil && f.Compliance.SecurityControlID != "" {
		return f.Compliance.SecurityControlID
	}
	last := f.GeneratorID[strings.LastIndexByte(f.GeneratorID, '/')+1:]
	if strings.Contains(f.GeneratorID, "/") && isControlID(last) {
		return last
	}
	if isControlID(f.ProductFields.ControlID) {
		return f.ProductFields.ControlID
	}
	return ""
}

// configRule is the AWS Config rule behind a control's finding.
func (f Finding) configRule() string {
	if f.ProductFields.RelatedType == "AWS::Config::ConfigRule" {
		return f.ProductFields.RelatedName
	}
	return ""
}

// isControlID recognises letters and digits beginning with a letter, a dot, a number: S3.2, EC2.19, CloudTrail.1.
func isControlID(s string) bool {
	service, number, ok := strings.Cut(s, ".")
	if !ok || service == "" || number == "" || len(s) > 32 || !isLetter(service[0]) {
		return false
	}
	for i := range len(service) {
		if !isLetter(service[i]) && !isDigit(service[i]) {
			return false
		}
	}
	for i := range len(number) {
		if !isDigit(number[i]) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
