package simulate_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// threats are the rows of SECURITY.md, and the tests that show what stands there.
var threats = map[string][]string{
	"A redirect carries secrets to another origin":  {"session.TestRedirectSecrets", "session.TestRedirectCredentials", "session.TestRedirectCookies"},
	"Header injection (CR, LF, control characters)": {"session.TestBadInput", "connector.TestTrapBodyNotClosed", "jar.TestForbiddenCharacters", "ws.TestBadInput"},
	"Secrets in logs": {"internal/redact.TestNoSecretIsPrinted", "internal/redact.TestEveryTypeIsTried", "errors.TestNoSecrets", "middleware.TestLogCanary"},
	"A peer that never ends": {
		"session.TestTimeouts", "connector.TestSilenceMatrix", "connector.TestHeadLimits", "connector.TestInterimBound", "connector.TestHugeHead", "session.TestOutputSize",
	},
	"A response that is read as another's":    {"connector.TestAnswersNeverMixedInFull", "connector.TestMixedLarge", "connector.TestTrapUnsolicited", "connector.TestExchangeMix"},
	"Half a body taken for a whole":           {"session.TestFaults", "connector.TestEqualLengths", "connector.TestRows"},
	"A small body that decodes to a huge one": {"internal/codec.TestBombs", "session.TestBomb", "session.TestMaxDecompressed"},
	"A file name, or a symbolic link, that leads elsewhere": {
		"session.TestSaveNames", "session.TestSavePlantedLink", "session.TestSaveRoot", "cmd/aiolos/internal/download.TestPlantedLink",
	},
	"A file that is put together of two versions": {
		"session.TestSaveEnds", "session.TestSaveRangeAnswers", "session.TestSaveOtherVersion", "session.TestSaveUnverified", "session.TestSavePartsOtherAnswers", "session.TestSaveKilled",
	},
	"A file that was there is lost":                             {"session.TestSaveIfExists", "session.TestSaveIfExistsOvertaken"},
	"Requests to the inside, by a URL that somebody else chose": {"session.TestNewPublic", "connector.TestRefusePrivate"},
	"A pinned connection that is lent to a request without the pin, or the other way round": {
		"connector.TestPoliciesApartInFull", "connector.TestPinResumed", "connector.TestResumption",
	},
	"A response that came over one connection, and answers a request that asked for another: other client certificate, pin, policy, proxy, version": {
		"middleware.TestSettingsPartitionResponses", "session.TestCacheKeepsPoliciesApart",
	},
	"A header that is missed because its name is written in another way": {
		"middleware/cache.TestNamesHaveNoCase", "middleware/cache.TestResponsesInAnyCase", "middleware.TestDedupeNamesHaveNoCase", "middleware.TestCredentialsInAnyCase",
		"session.TestNativeNamesHaveNoCase", "connector.TestNamesHaveNoCase",
	},
	"A cache directory that is cut, garbled, or changed by another process while an entry is served": {
		"middleware/cache.TestDirDamage", "middleware/cache.TestDirRandomDamageInFull", "middleware/cache.TestDirTwoProcesses", "middleware/cache.TestDirNotAFile",
	},
	"Hosts that somebody else names, without end":          {"middleware.TestHostsAreBoundedInFull", "middleware.TestHostInUseIsNotForgotten"},
	"Secrets to a proxy, or a proxy's secrets to a server": {"connector.TestProxyAuth", "internal/tunnel.TestConnectRequest"},
	"Terminal escapes in what a server sends": {
		"cmd/aiolos/internal/cli.TestTerminal", "cmd/aiolos/internal/cli.TestHostileServer", "cmd/aiolos/internal/render.TestEscaper",
	},
	"A printed command that a shell runs as more than one": {
		"cmd/aiolos/internal/curlconv.TestShells", "cmd/aiolos/internal/curlconv.FuzzShells", "cmd/aiolos/internal/cmd/har.TestMakeRequest", "session/curl.TestQuote",
	},
	"A directory that was unpacked from somewhere changes where requests go": {"cmd/aiolos/internal/cli.TestForeignFlags", "cmd/aiolos/internal/cli.TestForeignFlagsAreSaid"},
	"The keys of TLS in a file":                              {"cmd/aiolos/internal/cli.TestKeyLog"},
	"Cookies across sites":                                   {"jar.TestDomains"},
	"Who listens in on plain http plants a cookie for https": {"jar.TestSecureCookiesAreLeftAlone", "jar.TestInsecureOrigins"},
	"Cookies without end, by a site with many sub-domains":   {"jar.TestLimitPerDomain", "jar.TestDefaultLimitInTotalInFull", "jar.TestEvictionIsNotQuadraticInFull"},
	"A request that is sent twice": {
		"connector.TestTrapNoRetry", "connector.TestTrapNoRetryOnFresh", "connector.TestRefusedStreams", "connector.TestH2RefusesAll", "middleware.TestRetryDecides",
	},
	"A server that is not who it says": {"connector.TestPoliciesApartInFull", "connector.TestPin", "connector.TestTLSNextAddress"},
}

// TestSecurity: each threat of SECURITY.md has tests, and these exist.
func TestSecurity(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && len(cells) == 2 {
			found[strings.TrimPrefix(cells[0], "| ")] = true
		}
	}
	delete(found, "threat")
	for threat := range found {
		if len(threats[threat]) == 0 {
			t.Errorf("%q has no test", threat)
		}
	}
	for threat, tests := range threats {
		if !found[threat] {
			t.Errorf("%q is no threat of SECURITY.md", threat)
		}
		for _, name := range tests {
			dir, test := path.Split(name)
			pkg, test, _ := strings.Cut(test, ".")
			if !slices.Contains(functions(t, filepath.Join(root, dir, pkg)), test) {
				t.Errorf("%q: there is no %s", threat, name)
			}
		}
	}
}
