using System.Text;
using Mallgram.Sandbox.Mail;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class MimeMessageTests
{
    [Theory]
    [InlineData("=?utf-8?Q?Commande_pay=C3=A9e?=", "Commande payée")]
    [InlineData("=?UTF-8?B?Q29tbWFuZGUgcGF5w6ll?=", "Commande payée")]
    [InlineData("=?iso-8859-1?q?Re=E7u_de_Yaound=E9?=", "Reçu de Yaoundé")]
    [InlineData("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café")]
    [InlineData("=?utf-8?Q?a?=\t=?utf-8?Q?b?=", "ab")]
    [InlineData("=?utf-8?Q?a?= et =?iso-8859-1?Q?=E9?=", "a et é")]
    [InlineData("=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été")]
    [InlineData("plain =?broken", "plain =?broken")]
    [InlineData("=?x-unknown?Q?ok?=", "ok")]
    [InlineData("=?utf-8?X?ok?=", "=?utf-8?X?ok?=")]
    [InlineData("=?utf-8?Q?=ZZ=?= fin", "=ZZ= fin")]
    public void Encoded_words_are_read(string header, string expected) => Assert.Equal(expected, EncodedWords.Decode(header));

    [Fact]
    public void A_French_mail_with_two_forms_is_read()
    {
        var mail = Parse(
            """
            From: Mallgram <no-reply@mallgram.test>
            To: awa@example.cm
            Subject: =?utf-8?Q?Commande_pay=C3=A9e_=3A_votre_caf=C3=A9_est_pr=C3=AAt_=C3=A0_?=
             =?utf-8?Q?partir?=
            Message-ID: <ord-1@mallgram.test>
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="=_b;1"

            This is for old readers.
            --=_b;1
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Bonjour Awa, votre commande est pay=C3=A9e. Elle partira de Yaound=
            =C3=A9 demain.
            --=_b;1
            Content-Type: text/html; charset="iso-8859-1"
            Content-Transfer-Encoding: base64

            PHA+Q29tbWFuZGUgcGF56WU8L3A+
            --=_b;1--
            """);

        Assert.Equal("Commande payée : votre café est prêt à partir", mail.Subject);
        Assert.Equal("<ord-1@mallgram.test>", mail.MessageId);
        Assert.Equal("Bonjour Awa, votre commande est payée. Elle partira de Yaoundé demain.", mail.Text);
        Assert.Equal("<p>Commande payée</p>", mail.Html);
    }

    [Fact]
    public void Attachments_are_not_the_text()
    {
        var mail = Parse(
            """
            Content-Type: multipart/mixed; boundary=m

            --m
            Content-Type: text/plain
            Content-Disposition: attachment; filename=a.txt

            attached
            --m
            Content-Type: multipart/alternative; boundary=n

            --n

            inner text
            --n--
            --m--
            """);

        Assert.Equal("inner text", mail.Text);
    }

    [Fact]
    public void A_mail_without_headers_or_with_raw_8_bit_text_is_read()
    {
        Assert.Equal("only text", Parse("\nonly text").Text);
        Assert.Equal("été", MimeMessage.Parse([.. "Subject: "u8, 0xE9, (byte)'t', 0xE9, .. "\r\n\r\n"u8]).Subject);
        Assert.Equal("été", Parse("Subject: été\n\nx").Subject);
    }

    [Fact]
    public void An_unclosed_part_is_still_a_part()
    {
        Assert.Equal("cut of", Parse("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\ncut of").Text);
    }

    [Fact]
    public void Rubbish_never_throws()
    {
        var random = new Random(42);
        string[] pieces =
        [
            "Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: text/html; charset=\"\r\n", "--b\r\n", "--b--\r\n",
            "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "Subject: ", "=?utf-8?B?",
            "?=", "\r\n", "\n", "=", "=C3", "====", " \t", ":", ";", "\0", "é",
        ];
        for (var i = 0; i < 5000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => pieces[random.Next(pieces.Length)]));
            Assert.NotNull(MimeMessage.Parse(Encoding.UTF8.GetBytes(text)).Text);
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Assert.NotNull(MimeMessage.Parse(bytes).Subject);
        }
    }

    private static MimeMessage Parse(string text) => MimeMessage.Parse(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")));
}
