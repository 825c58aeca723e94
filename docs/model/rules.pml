/*
 * The rules of an HSM (docs/spec/consensus.md section 3). MAY_X says when HSM h admits a request, the inline x what it then does.
 * A macro W_… takes one safeguard out; README.md lists what each of them leads to. The names of the clauses are cited by the
 * code that keeps them, in packages/hsm/src, and test/model.test.ts compares the two.
 */

/* clause Persist: state changes and statement are one step. A crash between the two loses the statement, which a host can do as well. */
inline moveTo(h, promisedNow, capTermNow, entry) {
  /* Invariant 5: what is certified, and here, stays here. */
  HOLDS(5, (chain[at[h]] & chain[certifiedTop] & ~chain[entry]) == 0);
  promised[h] = promisedNow;
  capTerm[h] = capTermNow;
  at[h] = entry
}

#if defined(W_RELEASE_BY_INDEX)
/* Any certificate as high as x. */
#define MAY_RELEASE(h, x) (INDEX(certifiedTop) >= INDEX(x) && INDEX(at[h]) >= INDEX(x))
#elif defined(W_RELEASE_UNCERTIFIED)
#define MAY_RELEASE(h, x) (INDEX(at[h]) >= INDEX(x))
#elif defined(W_RELEASE_UNCAPTURED)
#define MAY_RELEASE(h, x) HAS(certified, x)
#else
/* Caps for x never have a lower term than x. */
#define MAY_RELEASE(h, x) (HAS(certified, x) && INDEX(at[h]) >= INDEX(x))
#endif

/* clause Release: exactly the certified entry, captured here too; with it go the kept ones below. Done as soon as it can be: a host
 * gains nothing by waiting, since all that release takes away is the replies that it hands out. */
inline releaseAll() {
  if
  :: kept == 0
  :: else ->
    for (i_ : 1 .. E) {
      if
      :: HAS(kept, i_) && MAY_RELEASE(LEADER(TERM_OF(i_)), i_) ->
        for (j_ : 1 .. E) {
          if
          :: HAS(kept, j_) && LEADER(TERM_OF(j_)) == LEADER(TERM_OF(i_)) && INDEX(j_) <= INDEX(i_) ->
            HOLDS(1, releasedTop == 0 || j_ == releasedTop || INDEX(j_) != INDEX(releasedTop));
            HOLDS(2, ON_ONE_CHAIN(j_, releasedTop));
            HOLDS0(HAS(chain[certifiedTop], j_));
#ifdef REACH_LATE_RELEASE
            assert(11 && QC(TERM_OF(j_), j_));
#endif
            if
            :: INDEX(j_) > INDEX(releasedTop) -> releasedTop = j_
            :: else
            fi;
            released = released | BIT(j_);
            kept = kept & ~BIT(j_)
          :: else
          fi
        }
      :: else
      fi
    }
    i_ = 0; j_ = 0
  fi
}

/* clause Cap: says where the HSM stands, under which term. */
inline signCap(h, term, entry) {
#ifdef W_CERTIFICATE_MIXES_TERMS
  for (i_ : 1 .. T1) { CAPS(i_, entry) = CAPS(i_, entry) | BIT(h) }
  i_ = 0;
#else
  CAPS(term, entry) = CAPS(term, entry) | BIT(h);
#endif
  if
  :: QC(term, entry) ->
    /* One Cap more than a quorum changes nothing: fewer states. */
    CAPS(term, entry) = ALL_MEMBERS;
    HOLDS(3, ON_ONE_CHAIN(entry, certifiedTop));
    if
    :: HAS(chain[entry], certifiedTop) -> certifiedTop = entry
    :: else
    fi;
#ifdef REACH_TWO_TERMS
    assert(11 && !(TERM_OF(entry) == T && HAS(chain[entry], SLOT(1, 0, 1))));
#endif
    certified = certified | BIT(entry)
  :: else
  fi;
  releaseAll()
}

/* clause Retain: after another history was taken over, replies of entries that are not in it are gone. */
inline retain(h, base) {
#ifdef W_RETAIN_ALL
  skip
#else
  m_ = 0;
  for (i_ : 1 .. E) {
    if
    :: LEADER(TERM_OF(i_)) == h && !(HAS(kept, base) && base != 0 && LEADER(TERM_OF(base)) == h && INDEX(i_) <= INDEX(base)) -> m_ = m_ | BIT(i_)
    :: else
    fi
  }
  kept = kept & ~m_;
  i_ = 0; m_ = 0
#endif
}

/* clause Nonce: promises open a view only for the process that drew their nonce, and only for the candidacy it drew it for. */
inline endCandidacy(h) {
#if !defined(W_NO_NONCE) && !defined(W_OPEN_WITHOUT_PROMISING)
  if
  :: candidacy[h] != 0 ->
    for (k_ : 0 .. N - 1) { REP(k_, candidacy[h]) = 0 }
    k_ = 0
  :: else
  fi;
#endif
  candidacy[h] = 0
}

/* clause Restart: leads nothing, keeps nothing, is no candidate. */
inline forget(h) {
  endCandidacy(h);
#ifdef W_RESTART_CONTINUES
  tip[h] = at[h];
#else
  leads[h] = 0;
  tip[h] = 0;
#endif
  for (i_ : 1 .. E) {
    if
    :: LEADER(TERM_OF(i_)) == h -> kept = kept & ~BIT(i_)
    :: else
    fi
  }
  i_ = 0
}

/* clause Promise */
#ifdef W_PROMISE_LOWER
#define MAY_PROMISE(h, t) ((t) != promised[h])
#else
#define MAY_PROMISE(h, t) ((t) > promised[h])
#endif

inline recordPromise(h, t) {
#if defined(W_NO_NONCE) || defined(W_OPEN_WITHOUT_PROMISING)
  REP(h, t) = REPORT(capTerm[h], at[h])
#else
  if
  :: candidacy[LEADER(t)] == t -> REP(h, t) = REPORT(capTerm[h], at[h])
  :: else                       /* under a nonce that nobody will ever ask for */
  fi
#endif
}

inline promise(h, t) {
  endCandidacy(h);
  if
  :: LEADER(t) == h -> candidacy[h] = t
  :: else
  fi;
  promised[h] = t;
  recordPromise(h, t);
  leads[h] = 0;
  tip[h] = 0
}

/* clause Execute: on the own tip, in the term that this process opened and nothing has outdone. */
#define LEADING(h) (leads[h] != 0 && leads[h] == capTerm[h] && leads[h] == promised[h])
#ifdef W_EXECUTE_ON_CAPTURED
#define TIP(h) at[h]
#else
#define TIP(h) tip[h]
#endif
#define BRANCH(t, i) (chain[SLOT(t, 0, i)] == 0 -> 0 : L - 1)
#define MAY_EXECUTE(h) (LEADING(h) && INDEX(TIP(h)) < (leads[h] <= T -> I : I1) && chain[SLOT(leads[h], L - 1, INDEX(TIP(h)) + 1)] == 0)

inline execute(h) {
  m_ = SLOT(leads[h], BRANCH(leads[h], INDEX(TIP(h)) + 1), INDEX(TIP(h)) + 1);
  chain[m_] = chain[TIP(h)] | BIT(m_);
  kept = kept | BIT(m_);
  tip[h] = m_;
  m_ = 0
}

/* clause NewView: hosts choose which promises to show. That is to choose a base b which is the greatest of a quorum with the own one. */
#define SHOWN(g, b, t) (REP(g, t) != 0 && (REP(g, t) == REP(b, t) || REPORTED_HEIGHT(REP(g, t)) < REPORTED_HEIGHT(REP(b, t))))
#if N == 3
#define SHOWN_ALL(b, t) (SHOWN(0, b, t) + SHOWN(1, b, t) + SHOWN(2, b, t))
#elif N == 4
#define SHOWN_ALL(b, t) (SHOWN(0, b, t) + SHOWN(1, b, t) + SHOWN(2, b, t) + SHOWN(3, b, t))
#else
#define SHOWN_ALL(b, t) (SHOWN(0, b, t) + SHOWN(1, b, t) + SHOWN(2, b, t) + SHOWN(3, b, t) + SHOWN(4, b, t))
#endif

#if defined(W_BASE_NOT_GREATEST)
#undef SHOWN
#define SHOWN(g, b, t) (REP(g, t) != 0)
#elif defined(W_BASE_BY_INDEX)
#undef SHOWN
#define SHOWN(g, b, t) (REP(g, t) != 0 && INDEX(REPORTED_ENTRY(REP(g, t))) <= INDEX(REPORTED_ENTRY(REP(b, t))))
#endif

#if defined(W_OPEN_WITHOUT_PROMISING)
#define OWN_PROMISE(h, b, t) 1
#elif defined(W_OPEN_WITHOUT_OWN_STATEMENT)
#define OWN_PROMISE(h, b, t) (candidacy[h] == t && promised[h] == t)
#else
#define OWN_PROMISE(h, b, t) (candidacy[h] == t && promised[h] == t && SHOWN(h, b, t))
#endif
#ifdef W_OPEN_TWICE
#define FIRST_TIME(h, t) (capTerm[h] <= t)
#else
#define FIRST_TIME(h, t) (capTerm[h] < t)
#endif
#define MAY_OPEN(h, t, b) (LEADER(t) == h && REP(b, t) != 0 && OWN_PROMISE(h, b, t) && FIRST_TIME(h, t) && SHOWN_ALL(b, t) >= PROMISE_QUORUM)

inline open(h, t, b) {
  x_ = REPORTED_ENTRY(REP(b, t));
  /* 9: with the rules whole, a term has one view. */
  HOLDS(9, L > 1 || VIEW(t, 0) == 0);
  if
  :: VIEW(t, 0) == 0 -> VIEW(t, 0) = 1 + x_
  :: else -> VIEW(t, L - 1) = 1 + x_
  fi;
  moveTo(h, t, t, x_);
  retain(h, x_);
  leads[h] = t;
  tip[h] = x_;
#ifndef W_OPEN_TWICE
  endCandidacy(h);              /* of no use any more: fewer states */
#endif
  signCap(h, t, x_);
#ifdef EAGER
  /* Everything at once: hosts need not pass on what they have. */
  for (k_ : 1 .. I) {
    if
    :: t <= T && MAY_EXECUTE(h) -> execute(h)
    :: else
    fi
  }
  k_ = 0;
#endif
  x_ = 0
}

/* clause Adopt */
#ifdef W_ADOPT_BELOW_PROMISED
#define NOT_BELOW(h, t) 1
#else
#define NOT_BELOW(h, t) ((t) >= promised[h])
#endif
#ifdef W_ADOPT_AGAIN
#define NEWER(h, t) (capTerm[h] <= (t) && leads[h] != (t))
#else
#define NEWER(h, t) (capTerm[h] < (t))
#endif
#ifdef W_ADOPT_WITHOUT_REWIND
#define MAY_ADOPT(h, t, l) (VIEW(t, l) != 0 && NOT_BELOW(h, t) && NEWER(h, t) && HAS(chain[VIEW(t, l) - 1], at[h]))
#else
#define MAY_ADOPT(h, t, l) (VIEW(t, l) != 0 && NOT_BELOW(h, t) && NEWER(h, t))
#endif

inline adopt(h, t, l) {
  x_ = VIEW(t, l) - 1;
#ifdef REACH_REWIND
  assert(11 && HAS(chain[x_], at[h]));
#endif
#ifdef W_ADOPT_KEEPS_CAPTURE
  if
  :: INDEX(at[h]) > INDEX(x_) -> x_ = at[h]
  :: else
  fi;
#endif
  moveTo(h, t, t, x_);
  retain(h, x_);
  leads[h] = 0;
  tip[h] = 0;
  endCandidacy(h);
  signCap(h, t, x_);
  x_ = 0
}

/* clause Capture */
#ifdef W_CAPTURE_ANY_TERM
#define TERM_FITS(h, e) (TERM_OF(e) <= capTerm[h])
#else
#define TERM_FITS(h, e) (TERM_OF(e) == capTerm[h])
#endif
#ifdef W_CAPTURE_BELOW_PROMISED
#define CAPTURES(h) 1
#else
#define CAPTURES(h) (capTerm[h] >= promised[h])
#endif
#ifdef W_CAPTURE_ANY_PARENT
#define FOLLOWS(h, e) (INDEX(e) == INDEX(at[h]) + 1)
#else
#define FOLLOWS(h, e) (chain[e] == (chain[at[h]] | BIT(e)))
#endif
#define MAY_CAPTURE(h, e) (chain[e] != 0 && (e) != at[h] && TERM_FITS(h, e) && CAPTURES(h) && FOLLOWS(h, e))

inline capture(h, e) {
  moveTo(h, promised[h], capTerm[h], e);
  signCap(h, capTerm[h], e)
}

/* clause Jump: on a certificate, upwards. */
#ifdef W_JUMP_ON_ONE_CAP
#define ENOUGH_TO_JUMP(t, e) (CAPS(t, e) != 0)
#else
#define ENOUGH_TO_JUMP(t, e) QC(t, e)
#endif
#ifdef W_JUMP_BACK
#define JUMPS_UP(h, t, e) ((t) != capTerm[h] || (e) != at[h])
#else
#define JUMPS_UP(h, t, e) (HEIGHT(t, e) > HEIGHT(capTerm[h], at[h]))
#endif
#define MAY_JUMP(h, t, e) (ENOUGH_TO_JUMP(t, e) && JUMPS_UP(h, t, e))

inline jump(h, t, e) {
#if defined(W_JUMP_LOWERS_PROMISED)
  moveTo(h, t, t, e);
#elif defined(W_JUMP_KEEPS_PROMISED)
  moveTo(h, promised[h], t, e);
#else
  if
  :: t > promised[h] -> moveTo(h, t, t, e)
  :: else -> moveTo(h, promised[h], t, e)
  fi;
#endif
  retain(h, e);
#ifndef W_JUMP_KEEPS_LEADING
  leads[h] = 0;
  tip[h] = 0;
#endif
  if
  :: candidacy[h] <= t -> endCandidacy(h)
  :: else
  fi;
  signCap(h, t, e)
}
