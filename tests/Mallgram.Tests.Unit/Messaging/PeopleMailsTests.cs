using System.Net;
using System.Text.RegularExpressions;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Messaging.Email;
using Mallgram.Messaging.People;
using Mallgram.Stores.Contracts;

namespace Mallgram.Tests.Unit.Messaging;

public sealed partial class PeopleMailsTests
{
    [Theory]
    [InlineData("code", typeof(CodeMail))]
    [InlineData("security_notice", typeof(SecurityNoticeMail))]
    public void Templates_use_only_names_that_their_model_has(string template, Type model)
    {
        var known = model.GetProperties().Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var files = model.Assembly.GetManifestResourceNames().Where(n => n.StartsWith(template + ".", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, files.Count);
        foreach (var file in files)
        {
            using var reader = new StreamReader(model.Assembly.GetManifestResourceStream(file)!);
            var used = Names().Matches(reader.ReadToEnd()).Select(m => m.Groups["name"].Value).ToList();
            Assert.NotEmpty(used);
            Assert.DoesNotContain(used, name => !known.Contains(name));
        }
    }

    [Theory]
    [InlineData("en", "It is good for 10 minutes and once.")]
    [InlineData("fr", "Il est valable 10 minutes et une seule fois.")]
    public void A_code_is_in_the_text_and_not_in_the_subject(string language, string sentence)
    {
        foreach (var purpose in Purposes)
        {
            var (subject, why) = SendCode.MailOf(purpose);
            var mail = EmailTemplates.Render(
                "code", language, new CodeMail("DakarCafé", subject.With("DakarCafé").In(language), why.With("DakarCafé").In(language), "042117", 10, Link: null));
            Assert.Contains("042117", mail.Text, StringComparison.Ordinal);
            Assert.Contains("042117", mail.Html, StringComparison.Ordinal);
            Assert.Contains(sentence, mail.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("042117", mail.Subject, StringComparison.Ordinal);
            Assert.Contains("DakarCafé", mail.Subject, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_link_leads_to_the_stores_own_front_end_and_keeps_the_code_from_logs()
    {
        var store = new Store(Guid.Empty, "dakarcafe", "DakarCafé", Currency.Of("XOF"), "SN", "fr", "DakarCafé <no-reply@dakarcafe.test>");
        Assert.Null(SendCode.LinkOf(store, CodePurposes.SignIn, "ama@example.org", "042117"));
        var withFrontEnd = store with { Look = store.Look with { FrontEnd = "https://cafe.example" } };
        Assert.Null(SendCode.LinkOf(withFrontEnd, CodePurposes.SecondFactor, "ama@example.org", "042117"));
        var link = SendCode.LinkOf(withFrontEnd, CodePurposes.VerifyEmail, "ama+1@example.org", "042117");
        Assert.Equal("https://cafe.example/verify?purpose=verify_email#email=ama%2B1%40example.org&code=042117", link);
        var mail = EmailTemplates.Render("code", "fr", new CodeMail("DakarCafé", "S", "W", "042117", 10, link));
        Assert.Contains("Ou ouvrez cette page : " + link, mail.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"{link}\"", WebUtility.HtmlDecode(mail.Html), StringComparison.Ordinal);
        Assert.DoesNotContain("ouvrez", EmailTemplates.Render("code", "fr", new CodeMail("D", "S", "W", "1", 10, Link: null)).Text, StringComparison.Ordinal);
    }

    /// <summary>160 characters of the basic alphabet (3GPP TS 23.038) travel as one message.</summary>
    [Fact]
    public void A_text_message_is_one_message_on_every_phone()
    {
        foreach (var purpose in Purposes)
        {
            var text = SendCode.TextOf(purpose).With("Pickle Paradise", "042117", 10);
            foreach (var sentence in new[] { text.English, text.French })
            {
                Assert.InRange(sentence.Length, 1, 160);
                Assert.Contains("042117", sentence, StringComparison.Ordinal);
                Assert.DoesNotContain(sentence, c => !(char.IsAscii(c) && c != '`') && !"éèàùÉ".Contains(c, StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void A_name_cannot_smuggle_markup_into_a_notice()
    {
        var mail = EmailTemplates.Render("security_notice", "fr", new SecurityNoticeMail("Mallgram", "<b>Ama</b>", "S", "Q", "2026-11-21 10:00 UTC"));
        Assert.DoesNotContain("<b>Ama", mail.Html, StringComparison.Ordinal);
        Assert.Contains("Bonjour <b>Ama</b>,", mail.Text, StringComparison.Ordinal);
        Assert.Contains("Bonjour,", EmailTemplates.Render("security_notice", "fr", new SecurityNoticeMail("M", "", "S", "Q", "T")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_notice_has_its_words()
    {
        string[] kinds = [SecurityNotice.PasswordChanged, SecurityNotice.NewDevice, SecurityNotice.EmailChanged, SecurityNotice.SecondFactorRemoved, SecurityNotice.Locked];
        Assert.Equal(kinds.Length, kinds.Select(k => SendSecurityNotice.TextOf(k).What.French).Distinct(StringComparer.Ordinal).Count());
    }

    private static string[] Purposes =>
        [CodePurposes.SignIn, CodePurposes.VerifyEmail, CodePurposes.VerifyPhone, CodePurposes.ResetPassword, CodePurposes.SecondFactor];

    [GeneratedRegex(@"\{\{(#if )?(?!else\b)(?<name>\w+)\}\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Names();
}
