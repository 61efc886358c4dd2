srcdir=		.
abs_srcdir=	/build/Python-3.10.8
abs_builddir=	/build/Python-3.10.8
CC=		clang
CXX=		clang++
MAINCC=		$(CC)
LINKCC=		$(PURIFY) $(MAINCC)
AR=		ar
READELF=	readelf
PGO_PROF_GEN_FLAG=-fprofile-instr-generate
PGO_PROF_USE_FLAG=-fprofile-instr-use=code.profclangd
LLVM_PROF_MERGER=/tools/llvm/bin/llvm-profdata merge -output=code.profclangd *.profclangr
INSTALL=	/usr/bin/install -c
MKDIR_P=	/bin/mkdir -p
BASECFLAGS=	 -Wno-unused-result -Wsign-compare -Wunreachable-code
CONFIGURE_CFLAGS=	-march=x86-64-v3  -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw -I/tools/deps/libedit/include
CONFIGURE_LDFLAGS=	 -L/tools/deps/lib -Wl,--exclude-libs,ALL -L/tools/deps/libedit/lib
prefix=		/install
exec_prefix=	${prefix}
LDSHARED=	$(CC) -shared $(PY_LDFLAGS)
OPENSSL_INCLUDES=-I/tools/deps/include
OPENSSL_LIBS=-lssl -lcrypto
OPENSSL_LDFLAGS=-L/tools/deps/lib
OPENSSL_RPATH=
CONFIG_ARGS=	 '--build=x86_64-unknown-linux-gnu' '--host=x86_64-unknown-linux-gnu' '--prefix=/install' '--with-openssl=/tools/deps' '--without-ensurepip' '--with-readline=editline' '--enable-shared' '--enable-optimizations' 'ac_cv_buggy_getaddrinfo=no' 'ac_cv_file__dev_ptc=no' 'ac_cv_file__dev_ptmx=no' 'build_alias=x86_64-unknown-linux-gnu' 'host_alias=x86_64-unknown-linux-gnu' 'CC=clang' 'CFLAGS=-march=x86-64-v3  -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw -I/tools/deps/libedit/include' 'LDFLAGS= -L/tools/deps/lib -Wl,--exclude-libs,ALL -L/tools/deps/libedit/lib' 'CPPFLAGS=-march=x86-64-v3  -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw -I/tools/deps/libedit/include'
# bpo-30104: dtoa.c uses union to cast double to unsigned long[2]. clang 4.0
# causing rounding issues. Compile dtoa.c using -fno-strict-aliasing on clang.
	find . -name '*.profclang?' -exec rm -f {} ';'
