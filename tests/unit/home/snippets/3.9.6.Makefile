srcdir=		.
abs_srcdir=	/build/Python-3.9.6
abs_builddir=	/build/Python-3.9.6
CC=		clang -pthread
CXX=		clang++ -pthread
MAINCC=		$(CC)
LINKCC=		$(PURIFY) $(MAINCC)
AR=		ar
READELF=	readelf
PGO_PROF_GEN_FLAG=-fprofile-instr-generate
PGO_PROF_USE_FLAG=-fprofile-instr-use=code.profclangd
LLVM_PROF_MERGER=/tools/clang-linux64/bin/llvm-profdata merge -output=code.profclangd *.profclangr
INSTALL=	/usr/bin/install -c
MKDIR_P=	/bin/mkdir -p
BASECFLAGS=	 -Wno-unused-result -Wsign-compare -Wunreachable-code
CONFIGURE_CFLAGS=	 -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw
CONFIGURE_LDFLAGS=	 -L/tools/deps/lib
prefix=		/install
exec_prefix=	${prefix}
LDSHARED=	$(CC) -shared $(PY_LDFLAGS)
OPENSSL_INCLUDES=-I/tools/deps/include
OPENSSL_LIBS=-lssl -lcrypto
OPENSSL_LDFLAGS=-L/tools/deps/lib
CONFIG_ARGS=	 '--build=x86_64-unknown-linux-gnu' '--host=x86_64-unknown-linux-gnu' '--prefix=/install' '--with-openssl=/tools/deps' '--without-ensurepip' '--enable-shared' '--enable-optimizations' 'build_alias=x86_64-unknown-linux-gnu' 'host_alias=x86_64-unknown-linux-gnu' 'CC=clang' 'CFLAGS= -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw' 'LDFLAGS= -L/tools/deps/lib' 'CPPFLAGS= -fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw'
# bpo-30104: dtoa.c uses union to cast double to unsigned long[2]. clang 4.0
# causing rounding issues. Compile dtoa.c using -fno-strict-aliasing on clang.
	find . -name '*.profclang?' -exec rm -f {} ';'
