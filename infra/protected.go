package infra

// protected is what no role of ours may ever change, whatever else it is allowed: the ARNs that package core refuses to write (a test
// keeps the two together), with the partition filled in. Readers are not affected, since the roles that write have nothing to read.
func protected(more []string) statement {
	roles := []string{
		"aws-service-role/*", "aws-reserved/*", "AWSControlTowerExecution", "service-role/AWSControlTower*", "aws-controltower-*",
		"OrganizationAccountAccessRole", "AWSCloudFormationStackSetExecutionRole", "AWSCloudFormationStackSetAdministrationRole", "stacksets-exec-*",
		"cdk-*-deploy-role-*", "cdk-*-cfn-exec-role-*", "cdk-*-file-publishing-role-*", "cdk-*-image-publishing-role-*", "cdk-*-lookup-role-*",
		prefix + "/*",
	}
	s := statement{effect: "Deny", actions: []string{"*"}}
	for _, r := range roles {
		s.resources = append(s.resources, "arn:"+partition+":iam::*:role/"+r)
	}
	for _, own := range []string{"iam::*:policy/" + prefix + "/*", "s3:::" + prefix + "-*", "sqs:*:*:" + prefix + "-*", "dynamodb:*:*:table/" + prefix + "-*"} {
		s.resources = append(s.resources, "arn:"+partition+":"+own)
	}
	s.resources = append(s.resources, more...)
	return s
}
