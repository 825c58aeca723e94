/*
 * What HSMs remember, what hosts hold in their hands, and what must never happen.
 *
 * Terms are 1..T in their total order (round, leaderId); 0 is before all others. Only order and leader of a term matter to the
 * rules, so T terms stand for any T that a run uses. LEADER1 to LEADER4 are their leaders. An entry is named by the term, branch and index that it was made under: that name stands for its hash. Entry 0 is
 * the empty log.
 */
#ifdef PROGRESS
#define T1 (T + 1)              /* one term and one index more than the adversary has, for the honest schedule */
#define I1 (I + 1)
#else
#define T1 T
#define I1 I
#endif
#define E (T1 * L * I1)
#define E1 (E + 1)

#define LEADER_OF_ADVERSARYS(t) (((LEADER1 + 8 * LEADER2 + 64 * LEADER3 + 512 * LEADER4) >> (3 * ((t) - 1))) & 7)
#ifdef PROGRESS
byte calmLeader;                /* leads the fresh term */
#define LEADER(t) ((t) == T1 -> calmLeader : LEADER_OF_ADVERSARYS(t))
#else
#define LEADER(t) LEADER_OF_ADVERSARYS(t)
#endif
#define SLOT(t, l, i) (1 + (((t) - 1) * L + (l)) * I1 + (i) - 1)
#define TERM_OF(e) ((e) == 0 -> 0 : 1 + ((e) - 1) / (L * I1))
#define INDEX(e) ((e) == 0 -> 0 : 1 + ((e) - 1) % I1)
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)
#define COUNT(mask) (HAS(mask, 0) + HAS(mask, 1) + HAS(mask, 2) + HAS(mask, 3) + HAS(mask, 4))
#define ALL_MEMBERS (BIT(N) - 1)

/* A position is (capTerm, index), compared in this order, and the entry there. */
#define HEIGHT(t, e) ((t) * (I1 + 1) + INDEX(e))
#define REPORT(t, e) (1 + HEIGHT(t, e) * E1 + (e))
#define REPORTED_HEIGHT(r) (((r) - 1) / E1)
#define REPORTED_ENTRY(r) (((r) - 1) % E1)

/* Persisted by HSM h. */
byte promised[N];
byte capTerm[N];
byte at[N];                     /* the captured entry: index and hash */

/* In the memory of HSM h, gone with a restart. Entries of kept belong to the leader of their term. */
byte candidacy[N];              /* the term that this process promised to lead; its nonce goes with it */
byte leads[N];                  /* the term that this process opened */
byte tip[N];
int kept;                       /* set of entries whose replies wait */

/* What hosts hold for ever: signed statements. Hosts show any of it to any HSM at any time, in any order, or never. */
int chain[E1];                  /* of a signed entry: the set of its ancestors and itself; 0 when nobody has made it */
byte caps[T1 * E1];             /* who has signed Cap(term, entry) */
short reports[N * T1];          /* of Promise(h, t): what h reports, under the nonce that t's leader still has in memory */
byte views[T1 * L];             /* of NewView(t): 1 + the base */

#define CAPS(t, e) caps[((t) - 1) * E1 + (e)]
#define REP(h, t) reports[(h) * T1 + (t) - 1]
#define VIEW(t, l) views[((t) - 1) * L + (l)]

/* Ghosts: functions of what has happened, read by the invariants only (certified also by release: a lookup). */
int certified;                  /* entries with a certificate in some term */
byte certifiedTop;              /* the highest of them: all others are its ancestors, as long as invariant 3 holds */
int released;
byte releasedTop;

/* The number is the invariant's in docs/spec/consensus.md section 7. 0, 8 and 9 are explained in README.md. */
#ifndef ONLY
#define ONLY 1023
#endif
#define HOLDS(n, condition) assert(n && ((condition) || !(ONLY & BIT(n))))
#define HOLDS0(condition) assert(10 && ((condition) || !(ONLY & 1)))
#define ON_ONE_CHAIN(x, y) (HAS(chain[x], y) || HAS(chain[y], x))

/* Scratch of the steps; always 0 between them. */
byte i_, j_, k_, x_;
int m_;

#define QC(t, e) (COUNT(CAPS(t, e)) >= CERTIFICATE_QUORUM)
