package wasi

// The functions of sockets know that there are none: a descriptor that is open is no socket.

func (s *System) sockAccept(c call, a []uint64) error {
	if uint32(a[1])&^uint32(flagsAll) != 0 {
		return EINVAL
	}
	return s.sockAny(c, a)
}

func (s *System) sockShutdown(c call, a []uint64) error {
	if how := uint32(a[1]); how == 0 || how > 3 {
		return EINVAL
	}
	return s.sockAny(c, a)
}

func (s *System) sockAny(c call, a []uint64) error {
	if _, err := s.fd(a[0], 0); err != nil {
		return err
	}
	return ENOTSOCK
}
