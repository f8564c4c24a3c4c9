package iampolicy

// single is one action that makes its holder an administrator, used on any resource of the type.
type single struct {
	action string
	on     target
}

// escalationPaths are the single-action paths. The iam ones also tell whether a broad grant includes IAM.
func escalationPaths() []single {
	return []single{
		{"iam:CreatePolicyVersion", anyPolicy},
		{"iam:SetDefaultPolicyVersion", anyPolicy},
		{"iam:CreateAccessKey", anyUser},
		{"iam:CreateLoginProfile", anyUser},
		{"iam:UpdateLoginProfile", anyUser},
		{"iam:AttachUserPolicy", anyUser},
		{"iam:AttachGroupPolicy", anyGroup},
		{"iam:AttachRolePolicy", anyRole},
		{"iam:PutUserPolicy", anyUser},
		{"iam:PutGroupPolicy", anyGroup},
		{"iam:PutRolePolicy", anyRole},
		{"iam:AddUserToGroup", anyGroup},
		{"iam:UpdateAssumeRolePolicy", anyRole},
		{"lambda:UpdateFunctionCode", "arn:{p}:lambda:{r}:{a}:function:?*"},
		{"glue:UpdateDevEndpoint", "arn:{p}:glue:{r}:{a}:devEndpoint/?*"},
		{"ssm:SendCommand", "arn:{p}:ec2:{r}:{a}:instance/?*"},
		{"ssm:StartSession", "arn:{p}:ec2:{r}:{a}:instance/?*"},
		{"cloudformation:UpdateStack", "arn:{p}:cloudformation:{r}:{a}:stack/?*"},
		{"codebuild:StartBuild", "arn:{p}:codebuild:{r}:{a}:project/?*"},
	}
}

// combination is a way to run code under a passed role: one action of each step, and the services that take the role
// (values of iam:PassedToService).
type combination struct {
	steps    [][]string
	services []string
}

// combinations are the paths that need iam:PassRole beside them.
func combinations() []combination {
	return []combination{
		{[][]string{{"ec2:RunInstances"}}, []string{"ec2"}},
		{[][]string{{"lambda:CreateFunction"}, {"lambda:InvokeFunction", "lambda:CreateEventSourceMapping", "lambda:AddPermission"}}, []string{"lambda"}},
		{[][]string{{"glue:CreateDevEndpoint"}}, []string{"glue"}},
		{[][]string{{"glue:CreateJob"}, {"glue:StartJobRun"}}, []string{"glue"}},
		{[][]string{{"cloudformation:CreateStack"}}, []string{"cloudformation"}},
		{[][]string{{"datapipeline:CreatePipeline"}, {"datapipeline:PutPipelineDefinition"}, {"datapipeline:ActivatePipeline"}}, []string{"datapipeline"}},
		{[][]string{{"codebuild:CreateProject"}, {"codebuild:StartBuild"}}, []string{"codebuild"}},
		{[][]string{{"sagemaker:CreateNotebookInstance"}}, []string{"sagemaker"}},
		{[][]string{{"ecs:RegisterTaskDefinition"}, {"ecs:RunTask"}}, []string{"ecs-tasks"}},
		{[][]string{{"ec2:RequestSpotInstances"}}, []string{"ec2"}},
		{[][]string{{"ecs:CreateService"}}, []string{"ecs-tasks", "ecs"}},
		{[][]string{{"apprunner:CreateService"}}, []string{"tasks.apprunner", "build.apprunner", "apprunner"}},
		{[][]string{{"cloudformation:CreateStackSet"}, {"cloudformation:CreateStackInstances"}}, []string{"cloudformation"}},
		{[][]string{{"autoscaling:CreateLaunchConfiguration"}, {"autoscaling:CreateAutoScalingGroup"}}, []string{"ec2"}},
	}
}

// exfiltrations are reads that hand out data or secrets, and the sharing of database snapshots.
func exfiltrations() []single {
	const parameter target = "arn:{p}:ssm:{r}:{a}:parameter/?*"
	return []single{
		{"s3:GetObject", "arn:{p}:s3:::?*/?*"},
		{"secretsmanager:GetSecretValue", "arn:{p}:secretsmanager:{r}:{a}:secret:?*"},
		{"ssm:GetParameter", parameter},
		{"ssm:GetParameters", parameter},
		{"ssm:GetParametersByPath", parameter},
		{"ssm:GetParameterHistory", parameter},
		{"kms:Decrypt", "arn:{p}:kms:{r}:{a}:key/?*"},
		{"rds:ModifyDBSnapshotAttribute", "arn:{p}:rds:{r}:{a}:snapshot:?*"},
		{"rds:ModifyDBClusterSnapshotAttribute", "arn:{p}:rds:{r}:{a}:cluster-snapshot:?*"},
	}
}
