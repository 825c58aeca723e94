/* Every request that rules.pml may admit: which terms, bases, branches and entries there can be. Beyond the sizes of a run nothing exists. */

#if N > 3
#define OPEN_3(t) OPEN(t, 3)
#else
#define OPEN_3(t)
#endif
#if N > 4
#define OPEN_4(t) OPEN(t, 4)
#else
#define OPEN_4(t)
#endif
#if L > 1
#define ADOPT_1(t) ADOPT(t, 1)
#else
#define ADOPT_1(t)
#endif
#define OPENS_OF(t) OPEN(t, 0) OPEN(t, 1) OPEN(t, 2) OPEN_3(t) OPEN_4(t)
#define ADOPTS_OF(t) ADOPT(t, 0) ADOPT_1(t)

#if T == 1
#define EACH_TERM(X) X(1)
#define JUMPS_TO(e) JUMP(1, e)
#elif T == 2
#define EACH_TERM(X) X(1) X(2)
#define JUMPS_TO(e) JUMP(1, e) JUMP(2, e)
#elif T == 3
#define EACH_TERM(X) X(1) X(2) X(3)
#define JUMPS_TO(e) JUMP(1, e) JUMP(2, e) JUMP(3, e)
#else
#define EACH_TERM(X) X(1) X(2) X(3) X(4)
#define JUMPS_TO(e) JUMP(1, e) JUMP(2, e) JUMP(3, e) JUMP(4, e)
#endif

#if E >= 1
#define ENTRY_1(X) X(1)
#else
#define ENTRY_1(X)
#endif
#if E >= 2
#define ENTRY_2(X) X(2)
#else
#define ENTRY_2(X)
#endif
#if E >= 3
#define ENTRY_3(X) X(3)
#else
#define ENTRY_3(X)
#endif
#if E >= 4
#define ENTRY_4(X) X(4)
#else
#define ENTRY_4(X)
#endif
#if E >= 5
#define ENTRY_5(X) X(5)
#else
#define ENTRY_5(X)
#endif
#if E >= 6
#define ENTRY_6(X) X(6)
#else
#define ENTRY_6(X)
#endif
#if E >= 7
#define ENTRY_7(X) X(7)
#else
#define ENTRY_7(X)
#endif
#if E >= 8
#define ENTRY_8(X) X(8)
#else
#define ENTRY_8(X)
#endif
#if E >= 9
#define ENTRY_9(X) X(9)
#else
#define ENTRY_9(X)
#endif
#if E >= 10
#define ENTRY_10(X) X(10)
#else
#define ENTRY_10(X)
#endif
#if E >= 11
#define ENTRY_11(X) X(11)
#else
#define ENTRY_11(X)
#endif
#if E >= 12
#define ENTRY_12(X) X(12)
#else
#define ENTRY_12(X)
#endif
#if E >= 13
#define ENTRY_13(X) X(13)
#else
#define ENTRY_13(X)
#endif
#if E >= 14
#define ENTRY_14(X) X(14)
#else
#define ENTRY_14(X)
#endif
#if E >= 15
#define ENTRY_15(X) X(15)
#else
#define ENTRY_15(X)
#endif
#if E >= 16
#define ENTRY_16(X) X(16)
#else
#define ENTRY_16(X)
#endif
#define EACH_ENTRY(X) ENTRY_1(X) ENTRY_2(X) ENTRY_3(X) ENTRY_4(X) ENTRY_5(X) ENTRY_6(X) ENTRY_7(X) ENTRY_8(X) ENTRY_9(X) ENTRY_10(X) ENTRY_11(X) ENTRY_12(X) ENTRY_13(X) ENTRY_14(X) ENTRY_15(X) ENTRY_16(X)

/* Every set of exactly a quorum, and each of its members as the one that takes over. */
#define CALM(A, l) :: d_step { t_ = A; calmLeader = l }
#if defined(W_UNANIMITY) || N == 3 && QUORUM == 2
#define CALMS CALM(3, 0) CALM(3, 1) CALM(5, 0) CALM(5, 2) CALM(6, 1) CALM(6, 2)
#elif N == 5 && QUORUM == 3
#define CALMS CALM(7, 0) CALM(7, 1) CALM(7, 2) CALM(11, 0) CALM(11, 1) CALM(11, 3) CALM(19, 0) CALM(19, 1) CALM(19, 4) CALM(13, 0) CALM(13, 2) CALM(13, 3) CALM(21, 0) CALM(21, 2) CALM(21, 4) CALM(25, 0) CALM(25, 3) CALM(25, 4) CALM(14, 1) CALM(14, 2) CALM(14, 3) CALM(22, 1) CALM(22, 2) CALM(22, 4) CALM(26, 1) CALM(26, 3) CALM(26, 4) CALM(28, 2) CALM(28, 3) CALM(28, 4)
#elif N == 5 && QUORUM == 4
#define CALMS CALM(15, 0) CALM(15, 1) CALM(15, 2) CALM(15, 3) CALM(23, 0) CALM(23, 1) CALM(23, 2) CALM(23, 4) CALM(27, 0) CALM(27, 1) CALM(27, 3) CALM(27, 4) CALM(29, 0) CALM(29, 2) CALM(29, 3) CALM(29, 4) CALM(30, 1) CALM(30, 2) CALM(30, 3) CALM(30, 4)
#elif N == 4 && QUORUM == 3
#define CALMS CALM(7, 0) CALM(7, 1) CALM(7, 2) CALM(11, 0) CALM(11, 1) CALM(11, 3) CALM(13, 0) CALM(13, 2) CALM(13, 3) CALM(14, 1) CALM(14, 2) CALM(14, 3)
#endif
