package errors

import "strings"

// SensitiveText is what SECURITY.md says of names.
func SensitiveText() string {
	list := func(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
	return "- hidden: every name with " + list(sensitiveWords) + " in it;\n" +
		"- but for " + list(harmlessNames) + ", and what begins with " + list(harmlessPrefixes) + ";\n" +
		"- of " + list(urlHeaders) + " the credentials, the values of queries and the fragments of URLs.\n"
}
