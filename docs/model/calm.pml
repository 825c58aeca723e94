/*
 * Progress of an exact majority. At any moment everything but the members of a set A stops for ever, and A's hosts become honest: member
 * `l` takes over with a fresh term. Each request of the honest schedule must be admitted by the rules, whatever has happened
 * before, and at its end a new entry is released. The result is then thrown away (one state for all), so that this costs no states.
 */
byte calmed;

inline calm(A, l) {
  HOLDS(8, MAY_PROMISE(l, T1));
  promise(l, T1);
  for (c_ : 0 .. N - 1) {
    if
    :: HAS(A, c_) && c_ != l ->
      HOLDS(8, MAY_PROMISE(c_, T1));
      promise(c_, T1)
    :: else
    fi
  }
  g_ = l;
  for (c_ : 0 .. N - 1) {
    if
    :: HAS(A, c_) && REP(c_, T1) > REP(g_, T1) -> g_ = c_
    :: else
    fi
  }
  HOLDS(8, MAY_OPEN(l, T1, g_));
  open(l, T1, g_);
  for (c_ : 0 .. N - 1) {
    if
    :: HAS(A, c_) && c_ != l ->
      HOLDS(8, MAY_ADOPT(c_, T1, 0));
      adopt(c_, T1, 0)
    :: else
    fi
  }
  HOLDS(8, LEADING(l));
  execute(l);
  g_ = tip[l];
  for (c_ : 0 .. N - 1) {
    if
    :: HAS(A, c_) ->
      HOLDS(8, MAY_CAPTURE(c_, g_));
      capture(c_, g_)
    :: else
    fi
  }
  HOLDS(8, HAS(released, g_) && INDEX(g_) > 0);
  reset();
  calmed = 1
}

inline reset() {
  for (c_ : 0 .. N - 1) {
    promised[c_] = T1; capTerm[c_] = T1; at[c_] = 0; candidacy[c_] = 0; leads[c_] = 0; tip[c_] = 0
  }
  for (c_ : 0 .. E) { chain[c_] = 0 }
  for (c_ : 0 .. T1 * E1 - 1) { caps[c_] = 0 }
  for (c_ : 0 .. N * T1 - 1) { reports[c_] = 0 }
  for (c_ : 0 .. T1 * L - 1) { views[c_] = 0 }
  kept = 0; certified = 0; certifiedTop = 0; released = 0; releasedTop = 0;
  c_ = 0; g_ = 0
}
