srcdir=		.
abs_srcdir=	/build/Python-3.12.6
abs_builddir=	/build/Python-3.12.6
CC=		clang
CXX=		clang++
LINKCC=		$(PURIFY) $(CC) -fno-pie -no-pie
AR=		ar
READELF=	@READELF@
PGO_PROF_GEN_FLAG=-fprofile-instr-generate
PGO_PROF_USE_FLAG=-fprofile-instr-use="$(shell pwd)/code.profclangd"
LLVM_PROF_MERGER= /tools/llvm/bin/llvm-profdata merge -output="$(shell pwd)/code.profclangd" "$(shell pwd)"/*.profclangr 
INSTALL=	/usr/bin/install -c
MKDIR_P=	/bin/mkdir -p
BASECFLAGS=	 -fno-strict-overflow -Wsign-compare -Wunreachable-code
CONFIGURE_CFLAGS=	-march=x86-64-v2   -fPIC  
CONFIGURE_LDFLAGS=	  -Wl,--exclude-libs,ALL -LModules/_hacl
prefix=		/install
exec_prefix=	${prefix}
LDSHARED=	$(CC) -shared $(PY_LDFLAGS)
CONFIG_ARGS=	 '--build=x86_64-unknown-linux-gnu' '--host=x86_64-unknown-linux-gnu' '--prefix=/install' '--with-openssl=/tools/deps' '--with-system-expat' '--with-system-libmpdec' '--without-ensurepip' '--with-readline=editline' '--enable-shared' '--enable-optimizations' '--enable-bolt' '--with-build-python=/tools/host/bin/python3.12' '--with-dbmliborder=bdb' 'ac_cv_buggy_getaddrinfo=no' 'ac_cv_file__dev_ptc=no' 'ac_cv_file__dev_ptmx=no' 'ac_cv_working_tzset=yes' 'build_alias=x86_64-unknown-linux-gnu' 'host_alias=x86_64-unknown-linux-gnu' 'CC=clang' 'CFLAGS=-march=x86-64-v2   -fPIC  ' 'LDFLAGS=  -Wl,--exclude-libs,ALL -LModules/_hacl' 'CPPFLAGS=-march=x86-64-v2   -fPIC  '
# bpo-30104: dtoa.c uses union to cast double to unsigned long[2]. clang 4.0
# causing rounding issues. Compile dtoa.c using -fno-strict-aliasing on clang.
	find . -name '*.profclang?' -exec rm -f {} ';'
