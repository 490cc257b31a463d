package dial

import "syscall"

// noDescriptors is WSAEMFILE. Of syscall's own EMFILE Windows knows nothing.
var noDescriptors = []error{syscall.Errno(10024)}
