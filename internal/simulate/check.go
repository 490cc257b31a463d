package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// verdict holds what came of a plan against the promises:
//
//	isolation   each answer is for its request, and for its user          checkAnswer
//	duplicates  nothing unsafe reaches a server twice                     checkSights
//	limits      no more is under way than is allowed                      network.enter
//	order       who waits for one host is served in the order of arrival  checkOrder
//	time        every operation ends within its bound                     checkTime
//	release     slots, goroutines, connections and files are back         checkSettled, checkClosed, checkGoroutines, checkFiles
//	errors      each has a class that something in the plan explains      explain
//	secrets     no text holds one                                         checkSecrets
//	files       one that is published is one version, byte for byte       checkFile
//	caches      what comes from one is whole, unmixed, and no older than  checkShared
//	            the server allows; a damaged head is a miss
//	bodies      one that ends without an error is whole                   checkBody
type verdict struct {
	plan   *Plan
	server *server
	client *client
	broken []string
	loose  bool // it ran in real time: see Soak.run
}

func (v *verdict) add(format string, args ...any) {
	v.broken = append(v.broken, fmt.Sprintf(format, args...))
}

// slack is how much later than its bound an operation may end: TLS says farewell,
// and a late answer is waited for, 250 ms each.
const slack = time.Second

func (v *verdict) check() {
	v.server.mu.Lock()
	v.broken = append(v.broken, v.server.wrong...)
	v.server.mu.Unlock()
	for _, r := range v.client.results {
		for _, text := range r.wrong {
			v.add("op %d: %s", r.op.ID, text)
		}
		if !v.loose {
			v.checkTime(r)
		}
		v.checkSights(r)
		switch r.op.Kind {
		case Request:
			v.checkAnswer(r)
		case Save:
			v.checkFile(r)
		case Events:
			v.checkEvents(r)
		case Socket, Shutdown:
		default:
			continue
		}
		if text := v.explain(r); text != "" {
			v.add("op %d: %s", r.op.ID, text)
		}
	}
	if !v.loose {
		v.checkOrder()
	}
	v.checkSecrets()
}

// checkAnswer holds an answer against its request.
func (v *verdict) checkAnswer(r *result) {
	if r.status == 0 {
		return // there was none
	}
	head, err := parseIdentity(r.head)
	if err != nil {
		v.add("op %d: %v", r.op.ID, err)
		return
	}
	v.compare(r, head, "head")
	v.checkShared(r, head)
	if bodyless(r) {
		if len(r.body) > 0 {
			v.add("op %d: a body of %d bytes where there is none", r.op.ID, len(r.body))
		}
		return
	}
	body, err := checkBody(r.body, r.whole)
	switch {
	case err == errPartial:
	case err != nil:
		v.add("op %d: %v", r.op.ID, err)
	default:
		v.compare(r, body, "body")
		if body != head {
			v.add("op %d: the head is that of %v, and the body that of %v", r.op.ID, head, body)
		}
	}
}

func bodyless(r *result) bool {
	return r.op.Method == "HEAD" || r.status == 204 || r.status == 304 || resources[r.op.Shared].empty
}

// checkShared wants the head that the server sends with what several ask for, and a
// version that is not older than the server allows.
func (v *verdict) checkShared(r *result, head identity) {
	of := head.shared()
	if of == nil {
		return
	}
	for name, want := range of.header(&head) {
		if got := r.header[name]; !slices.Equal(got, want) {
			v.add("op %d: the head has %q as its %s, want %q", r.op.ID, got, name, want)
		}
	}
	if v.loose || of.period == 0 || v.plan.Client.has("dedupe") { // who joins another request comes later than that
		return
	}
	if age := r.start - time.Duration(head.Version+1)*of.period; age > time.Duration(of.maxAge)*time.Second {
		v.add("op %d: version %d has not been the newest for %v, and may be used for %d s", r.op.ID, head.Version, age, of.maxAge)
	}
}

// compare looks whether an answer is the one to this request.
func (v *verdict) compare(r *result, got identity, part string) {
	op := &r.op
	want := identity{
		Resource: strings.TrimPrefix(strings.TrimPrefix(op.url(), op.Host.url()+"/"), "/"),
		Auth:     "-", Cookie: "-", Cert: "-", Via: op.way(), Server: op.Host,
	}
	want.Resource, _, _ = strings.Cut(want.Resource, "?")
	if op.User != "" {
		switch op.Show {
		case "cookie":
			want.Cookie = op.User
		case "cert":
			want.Cert = op.User
		default:
			want.Auth = op.User
		}
	}
	if to := op.redirects(); slices.Contains(to, got.Server) {
		want.Server = got.Server
		if got.Auth == "-" { // what it was sent on with is for nobody else, and does not come back
			want.Auth = "-"
		}
	}
	want.Status, want.Version, want.Size = got.Status, got.Version, got.Size
	if got != want {
		v.add("op %d: the %s is for another request: got %v, want %v", op.ID, part, got, want)
	}
	if op.Host == Evil && op.Trust != "insecure" && op.Trust != "pin" {
		v.add("op %d: an answer of a server that was not to be trusted", op.ID)
	}
}

// redirects are the hosts that an operation may be sent to.
func (op *Op) redirects() (to []Host) {
	for _, a := range op.Answers {
		if a.Redirect != "" {
			to = append(to, a.Redirect)
		}
	}
	return to
}

// checkSights looks what reached the server.
func (v *verdict) checkSights(r *result) {
	sights := v.server.sightsOf(r.op.ID)
	redirects := len(r.op.redirects())
	posts := 0
	for _, s := range sights {
		if s.method == "POST" {
			posts++
		}
	}
	if !r.op.Key && posts > 1+redirects {
		v.add("op %d: a POST reached the server %d times", r.op.ID, posts)
	}
	if r.op.Kind != Request {
		return
	}
	most := 2 // a stale connection
	if v.plan.Client.has("retry") {
		most *= 3
	}
	if v.plan.Client.has("hedge") {
		most *= 2
	}
	if most *= 1 + redirects; len(sights) > most {
		v.add("op %d: it reached the server %d times, %d are allowed", r.op.ID, len(sights), most)
	}
}

// checkTime holds an operation to its bound.
func (v *verdict) checkTime(r *result) {
	op, took := &r.op, r.end-r.start
	var bound time.Duration
	switch op.Kind {
	case Request:
		bound = op.Total + op.Pause
		if op.Cancel > 0 {
			bound = min(bound, op.Cancel+op.Pause)
		}
	case Save:
		bound = (op.Total + slack) * time.Duration(len(op.Answers)+2)
	case Events:
		bound = op.Total
	case Socket:
		bound = op.Total + 10*time.Second // its close
	case Shutdown:
		bound = time.Second
	default:
		return
	}
	if took > bound+slack {
		v.add("op %d: it took %v, its bound is %v", op.ID, took, bound)
	}
}

// checkFile holds a published file against the versions.
func (v *verdict) checkFile(r *result) {
	if r.file == nil {
		return
	}
	id, err := checkBody(r.file, true)
	if err != nil {
		v.add("op %d: the file is no version: %v", r.op.ID, err)
		return
	}
	user := r.op.User
	if user == "" {
		user = "-"
	}
	if id.Resource != fmt.Sprintf("op/%d", r.op.ID) || id.Auth != user {
		v.add("op %d: the file is another: %v", r.op.ID, id)
	}
}

// checkEvents wants each event once, in order.
func (v *verdict) checkEvents(r *result) {
	for n, got := range r.got {
		if want := fmt.Sprintf("%d event %d of %d", n+1, n+1, r.op.ID); got != want {
			v.add("op %d: got the event %q, want %q", r.op.ID, got, want)
		}
	}
	if r.err == nil && len(r.got) < r.op.Count {
		v.add("op %d: %d events of %d, and no error", r.op.ID, len(r.got), r.op.Count)
	}
}

// checkSecrets looks through all that was printed.
func (v *verdict) checkSecrets() {
	texts := v.client.texts
	for _, r := range v.client.results {
		if r.err != nil {
			texts = append(texts, r.err.Error(), sprint(r.err))
			if strings.Contains(r.err.Error(), "\n") {
				v.add("op %d: an error of several lines: %q", r.op.ID, r.err.Error())
			}
		}
	}
	texts = append(texts, sprint(v.client.conn.Stats()))
	for _, text := range texts {
		if secret := leaked(text); secret != "" {
			v.add("a secret is in %q", text)
		}
	}
}

// checkOrder: of requests that wait for one place, in the order of their coming. It
// is only known where nothing but the queue decides: who found its connection dead
// has had its turn, and lost the place with the connection.
func (v *verdict) checkOrder() {
	c := &v.plan.Client
	if c.Limit > 1 && c.PerHost != 1 || len(c.Chain) > 0 || !v.plan.calm() {
		return
	}
	type arrival struct {
		id    int
		start time.Duration
		seen  time.Duration
	}
	byHost := map[Host][]arrival{}
	for _, r := range v.client.results {
		op := &r.op
		if op.Kind == Request && op.Cancel == 0 && op.Through == "" && op.Shared == 0 && op.Host == Plain && r.err == nil {
			byHost[op.Host] = append(byHost[op.Host], arrival{op.ID, r.start, v.server.first[op.ID]})
		}
	}
	for _, all := range byHost {
		slices.SortFunc(all, func(a, b arrival) int { return int(a.start - b.start) })
		for i := 1; i < len(all); i++ {
			if a, b := all[i-1], all[i]; a.start < b.start && b.seen < a.seen {
				v.add("op %d was served before op %d, which had come before", b.id, a.id)
			}
		}
	}
}

// calm reports whether no connection dies while nobody uses it.
func (p *Plan) calm() bool {
	for _, op := range p.Ops {
		for _, a := range op.Answers {
			if a.Fault != None && a.Fault != Stall {
				return false
			}
		}
	}
	return true
}

// checkSettled looks at what the connector holds once all operations have ended.
func (v *verdict) checkSettled() {
	time.Sleep(slack)
	if st := v.client.conn.Stats(); st.InUse != 0 || st.Waiting != 0 || st.Unread != 0 {
		v.add("slots are held when all is over: %+v", st)
	}
}

// checkClosed looks at what is left of a session that was closed.
func (v *verdict) checkClosed(n *network) {
	if st := v.client.conn.Stats(); st.InUse+st.Waiting+st.Unread+st.Idle+st.Hosts != 0 || st.Opened != st.Closed {
		v.add("after Close: %+v", st)
	}
	if open := n.open(); open > 0 {
		v.add("%d connections are open after Close", open)
	}
}

func (v *verdict) checkGoroutines() {
	if left := strangers(); len(left) > 0 {
		v.add("%d goroutines are left, such as %s", len(left), left[0])
	}
}

func (v *verdict) checkFiles(dir string) {
	if left := leftFiles(dir); len(left) > 0 {
		v.add("files are left: %v", left)
	}
}
