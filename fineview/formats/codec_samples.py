"""One small picture in every transfer syntax, written by other encoders: what a decoder is tried on.

JPEG and JPEG-LS by dcmtk 3.6.7, baseline by Pillow, RLE by pydicom, JPEG 2000 by OpenJPEG, HTJ2K by OpenJPH,
JPEG XL by libjxl.  The picture is a slope, so that what it must be is a formula and not a second file.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS, COLS = 12, 16
_SLOPES = {8: (10, 5, 0), 12: (200, 60, 7), 16: (3000, 1000, 11)}


@dataclass(frozen=True, slots=True)
class Sample:
    """``bits``: per sample.  ``off``: how far a value may be off, 0 where nothing is lost.  ``text``: base 85."""

    bits: int
    off: int
    text: str

    @property
    def stream(self) -> bytes:
        return base64.b85decode(self.text)

    @property
    def pixels(self) -> NDArray[np.int64]:
        """(ROWS, COLS) values that the stream was made from."""
        per_column, per_row, least = _SLOPES[self.bits]
        y, x = np.mgrid[0:ROWS, 0:COLS]
        return (x * per_column + y * per_row + least).astype(np.int64)


SAMPLES: dict[str, Sample] = {
    "1.2.840.10008.1.2.5": Sample(16, 0, (
        '0ssI2KmY&$3;_TD000000000000000000000000000000000000000000000000000000000000000004*&}nBQ82dQeA0vfQ*==uMYzc8z('
        'Y8N>yQPd4!OhsIw0T6CW!!LQYv_aeauCpsTkJ3l}3UI!01mX?1{%n53_}4-XqBGCoRGVQqPYkesNqzYh~1D>gz-S!Hp3h?JnKx5Ez?BQ82dQ'
        'eA0vfQ*==ue-+&8z(Y8N>yQPd4!OhsI$Mz4<9QwLQYv_aeauCpsTmT&krLmI!01mX?1{%n53_}$I=fcGCoRGVQqPYkesNqzsuGSD>gz-S!Hp'
        '3h?JnKx5Llc4-3P4GwY*U6U&1;^Q&VU(+~5jV;j?pL;JI9BioZp1G^8~lS>1;b1UPUQwzg;GwY)d!+SI9qgxZpgFEx9V;j?p536Gv(~Cp<vu'
        'h*UlS>1;a}SeC1G{r8<C{|p!+SI9qgxMqGwY*U6U&1;^Q&VU(~Cn7V;j?pL;JI9BioZp1G{r84@(2Pb1UPUQwzg;GwY*U6Av@%qgxZpgFEx9'
        'V;j?pL;DXK(~Cp<vuh*UlS>1;b1UNy1G{r8<C{|p!+SI9qgxZp')),
    "1.2.840.10008.1.2.4.50": Sample(8, 2, (
        '|JeWF01!$>Nk#wx0RR9200961|JwjV00IF40RaI50RaI50s;a81OoyB0s;jD1Oo&H1qKEN1qKEN2MGuU2MGrT1_%oX2?`1d3JL}Y3k(Yi3<('
        'Mf3je?W3kU!V01yEI5di<h02KfM0RR910000000000000092>-+Y91s8j0|fv80000000000001Na2vG$F2Q)$d+5iXv0RR9$05n=oB-Iu;l'
        'm?TDHARjo8Km1(kw=7}G@ELYDDc1k*#')),
    "1.2.840.10008.1.2.4.51": Sample(12, 8, (
        '|JeWF01!$>Nk#wx0RR9200961|JwjV009930RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40RaI40Ra'
        'I40sp}O3k(1Z01yEI5di<h02BZL0000000000000000000E|HJ?x5C8xK1qA>A0000000000000RLCj|>BS7kXwMr3vW+5iXv0RR9$065-<3'
        'SHKaOl^(hz86?B07Hc?>qsUx#_`_^tPNA4!X%ROq!U47cQDKr6fyuqgh?gmNG5{D?qQfLDF6T2')),
    "1.2.840.10008.1.2.4.57": Sample(16, 0, (
        '|JeWF01!$>Nk#wx0RR9200961|HA+a5C9AS5CH)Z0RO}Q7XSeP0RaF20000000000000RL3J?F<00;pA00sa6-~m<KS8-j%cNN@Mab3lC72H'
        '>GUB!15+*fg3#`+&e(e!;EN73|sA4k#jeIG~B^xs41`aX}N==wg7qv-lRkE7`NKAY%$A4k#jeIG~B^nD*k(e!;EN7H=|qv-lRkE7`NK98g5`'
        'aX}N==yJ=^nD*k(e!;EN73|sA4k#jeIHHqK98g5`aX}N==wg7qv-lRkE7|nhtc$XA4k#jeIG~B^nD*k(e!;c(E2`)qv-lRkE7`NK98g5`aX}'
        'Q`X5Kp^nD*k(e!;EN73|sA4k#j-$Us7K98g5`aX}N==wg7qv-lRo9KNXN73|sA4k#jeIG~B^nD*k)Bpe3')),
    "1.2.840.10008.1.2.4.70": Sample(16, 0, (
        '|JeWF01!$>Nk#wx0RR9200961|HA+a5C9AS5CH)Z0RO}Q761VO0RR910000000000000aM5C7T#2mt{A0RRBN0+(>Rh1@RTcMG^(!tNJvyM^'
        '2?;dcwTUB&b+;dcwTUBd1caJz-vF5!0zxLv~T7jV0a=v~6@7jV0U+%DmF3%Fgv?iX;oh1@RTcNfsRh1@RTcMG^(!tNJvyM^2?;dcwTUBd1!p'
        '?3?oUBd1caJz-vF5!0zxLv~T7jV0U++RZO7jV0U+%DmF3%Fgv?iX;oh1@RTcMG__h1@RTcMG^(!tNJvyM^2?;dcwTUBd1caeWK8UBd1caJz-'
        'vF5!0zxLv~T7jV0U+%Dq!7jV0U+%DmF3%Fgv?iX;oh1@RTcMG^(#q=)WcMG^(!tNJvyM^2?;dcwTUBd1caJ!4>UBd1caJz-vF5!0zxLv~T7j'
        'V0U+%DmF7tp(f+%DmF3%Fgv?iX;oh1@RTcMG^(!tOu+|Je')),
    "1.2.840.10008.1.2.4.80": Sample(16, 0, (
        '|JeWc01FTR3;+-T0TBTI_y7$7|Nj6I07C&306_oR00;pA00000K~Q$^cJtd;Yh9&wb=g;AU4?b^*H>FzWp#DcUqSRAIrASW@*f%T9|`at`R^'
        'X-?jG6n9?|Tc!Rwx}>YkzLo{{LDf#;ra=AL2mo>}D{N#q_m;~pvE9vR^t3E&<1-yP}m9pT-b(cGQE+nur6ouS#Ck=UJq*PU_looUt`S=Aj$)'
        'Ezm~9VyZs8POdH&>Z>l9P!Sa;mw@U%$&i?oUzKBp~;+)$ee-koO#C_X~rB`#T-e*967@rDZ(5X!5j(k909+Z@xGhky_?azo58!AvAUa~xto#'
        'jn~As^dAA#Bwi{Ws8%eaANwk|uw3|ur8%eaANwk|uw3|t^n@O~rNwk|uw3|uqn@O~rNwk|uw3|t^n@O~rNwk|uw3|uq0RR8l')),
    "1.2.840.10008.1.2.4.81": Sample(16, 2, (
        '|JeWc01FTR3;+-T0TBTI_y7$7|Nj6O08IfR06_oR00;pA00IC2K*L@d@~<lLtxD9bO4O}Nw5v+At4g$~WEloQkYkwUIgVqP#xaaz7{)1(Vwk'
        '2Wh+-IqA&6m^W*LTIm_`whVVFh{gkcy)34&mlCJBIG7zP23Uzg?ad|wyE@p@jDrRjQJ7lq-FUKfSocwQG}*>+u*Wzlq97e&#IT$d%ua$FY$!'
        'Ejs_<+*NKmgTXITNcH!YFd`1scKplg`sF#7G;@^S{7xQW?7bHkz`pGMUi4ymL-XdSQZ6&URRand0bZ&#c^I&6~%FmR~6-XURRaHd0tnQ<#}9'
        'JmF0PiSCz$iURM?6ab8!I<#AqD73F!1|Je')),
    "1.2.840.10008.1.2.4.90": Sample(16, 0, (
        '|4;u>04V?f0000G0000C00000000000000G0000C0000000000009pH0sm3}3;+NC0RR951ONg5TmS?>fd6CwB>(|Ka%Ew3Wn>^?c_2@4Wo}'
        'APMMofZWpZ<AZ*CwmE;TMR|BwI*000000Zae^|C7)BH98ScPQ53@O363DJpq|H_GM#6&A$Stak<w%Yvp^49~p>1%YQj}57o{TIHS$R!t$>+Z'
        'i=TiV^i7!Hf1U5?lpR=zX!NUUaMNZgbqt~!F`#;P9l57-B(prRh`AAC7o4bzE{I6tt`|_-m48hy`?k-uDZ*W8ft@sKw4rfR#REEYW$H-0ub`'
        '0{Fi&{S45w&^bY{7I??7<>)Blv3)Ou$;r0bdnj%0;@HKd4Td!lk<{Hf8$qx*%uE&3@HJLWIJdM$f-7|Dns!<XPzx!_DPC<9LeOM&Cq9hl4X`'
        '2d7CXVA*tJTj`Y!e$Ay<XHjq%RgYHF~Npz(%Zd-Xd`mlev{GQ&m-0^<7l0Q&m-_8d=rLA>8~hf3YYcrm&4+_CKXONJ=dh0|%QBf+}kW)*oZ~'
        'Q^bV7|Je')),
    "1.2.840.10008.1.2.4.91": Sample(16, 8, (
        '|4;u>04V?f0000G0000C00000000000000G0000C0000000000009pH0sm3}4FLiG0RR951ONbt|6BkCLVy7OWB?@q0Yh?SVRU6=AYyqSPjF'
        '>!N>D{dAa-SPb7^mGATlmBE;Rp;015yA0003G00IA#&*J_OP)@xk#7fCG!94+)Ire2^M$Nwhr*XO0K5ONBj2{_@K+AtQc@Ndj6gZ>J#=`QiH'
        'g1ZiHe*xT0ybqS>h3jqtG@@hNnWd3zJv}-cENp_#7-i6#obp`RaKqErX`(KV!l_yEUhfmOWvyuKE0(h1+Kcwl^SY;gFsqhELKxlwQBs4P680'
        '}rTmwB>sLgdvGflBtvb=>R_oba77NvVH{tdLNtz-+OYk*#Wm~Ufzvddu<jD^Vv98B|tTmZ7w>*u}jomYJR;p1F3%~nr;!Z(#xP4e8yrLu*du'
        'f{rO(u@xSF6>}RBRI)8ogfBJftrcI5m2zF2F{tbN|@')),
    "1.2.840.10008.1.2.4.201": Sample(16, 0, (
        '|4;u>04YEK0000G0000C00000000000000G0000C0000000000009pH0sl|{2mk^A000XAQUDA90ssL31q1{@0smY86Cj9?kdTm&kdTm&kdT'
        'mwh=~7W02crOPjF>!N>E53R%LP^FfKASE;BCwkN^q*00000ivR)tlfVEbZ}bF*bN~Rr024p}6978a1qXBh<iZ4pbO68r6%YUf;O?rs`UHY>0'
        '5Qh+0D?3CzyK9+00n5eRF~?~p#n4lb^wx5GD=3t_`q|4zP13s04)dr1*mT4c5df(Zs&IAih6T`cL2_J-g)PpciwsD`V^ph_ELfDx&Z&#')),
    "1.2.840.10008.1.2.4.202": Sample(16, 0, (
        '|4;u>04YEK0000G0000C00000000000000G0000C0000000000009pH0sl|{2mk^A000XAQUDA90ssL31q1{@0smY86Cj9?kdTm&kdTm&kdT'
        'mwh=~7W02crOPjF>!N>E53R%LP^FfKASE;BCwkN^q*00000ivR)tlfVEbZ}bF*bN~Rr024p}6978a1qXBh<iZ4pbO68r6%YUf;O?rs`UHY>0'
        '5Qh+0D?3CzyK9+00n5eRF~?~p#n4lb^wx5GD=3t_`q|4zP13s04)dr1*mT4c5df(Zs&IAih6T`cL2_J-g)PpciwsD`V^ph_ELfDx&Z&#')),
    "1.2.840.10008.1.2.4.203": Sample(16, 20, (
        '|4;u>04YEK0000G0000C00000000000000G0000C0000000000009pH0sl|{2mk^A001TbQUDA90ssL31q1{@0RLP7BO;G<k429~j~9nrhg^'
        'p}f2x0~f5K=rXf<efU>aZ=Z@>R!02crOPjF>!N>E53R%LP^FfKASE;BCwkN^q*00000rT_u|lfVEbi|ho4bN~Rr08Ib^Fp}y72Xp}L`vV7b0'
        'KfpMfB`T;2!i1Z_W^>m0Qvj?A~XQN0@Z*8poj<pVb2~@rVxZZrv3oW{}2FKm;kC&iz=#sgTdeePje(Ow*bHewEz~_Ec<*s9>#t?9uH$bACKo'
        ')5?At9;tIeEdjL$5B$J%TNhUeTBqy2V9RL8QOaKC#zP0K-0RPz')),
    "1.2.840.10008.1.2.4.110": Sample(16, 0, (
        '0000CN?1%F4GM<}0000KW^{RQYItlQ00000YItlQ00009YItmH3IG5Amuh%yWB&?RF#G^TiwFb(00aU{C^yz0yq8cg2}WEPV~mVJyorV;dt@'
        'O502+UcJ9q9wPTaY3=gytGe-n4^+_`h-PN&o9bhsKiold9I>2x}s?iZa-r_<?lI-O3Z)9G|Nold9I>2#4hI-O3Z)9G|Nold9I>2x}sPN&o9b'
        'UK|*r_<?lI-O3Z)9G|Nold6%')),
    "1.2.840.10008.1.2.4.111": Sample(8, 2, (
        '0000CN?1%F4GM<}0000KW^{RQYItlQ00000YItlQ0000KYItmL00000{|Z<z5EM580000&YGQI^!3`h?Edv4ogn%Rf006)c{!hqA004kTKp3'
        'jBpBd<XfFA$=01F6!-~bRxMoC5h0RaF20RRC200RI30KjT^Y;b@800H1z01yDQ0tjFTU<hFT{|*2E7yt+W0RR91004l1C5a;A*a>OwFaRM1c'
        '7zUv*cgKe7vsek?-)W-f{88YfL;RtI1d0Y0RRAi6F`jKKLLPYPFI@G=oVaOtDbYx8~;pWsF(Utt?0c!?-jeLa|F|9N%SSF^9;X^TQ;ZZ{z5*'
        'O1PA~C00000fRe-tgxzlN01YAtKfmsZP6vT7zwU}o2Z1mzcjfNT0SNPQSMClSfB*')),
    "1.2.840.10008.1.2.4.112": Sample(16, 120, (
        '{|Z<z{3Jz-022rR6a)YNas>c@3YAgD4PMUmeEFfnV%o-ahPK+au!OPMUKk`KoHMu`QWZ20qZ~Ke(H$@VJV5hO5(=o00-FFjIyx#UDyovI-u0'
        'pw?-XOa$QbY5Md=^$R=@l^bKi?7#evv~Z_~%k@4JX=XISiia^1%zSS{{ew$=C6BzH+jZg%EwtnQC;>Xg;}R=$bU{_*y*DdQ`tBuO8typE-f-'
        '-@=TcV>k%?~Z`1d%h$UMslc6YsaZrb&SsumfmuZ_f<DX16&U')),
}
