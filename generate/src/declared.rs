//! What the header declares, with its comments, read off its text: the header is the reference, and what is
//! made of it says the same.

use crate::Result;

/// A comment, line by line, without the marks around it.
pub type Comment = Vec<String>;

/// Everything that has a page.
pub struct Declared {
    /// The first comment of the header.
    pub intro: Vec<String>,
    /// In the header's order.
    pub functions: Vec<Item>,
    /// Structs, enums and types of callbacks.
    pub types: Vec<Item>,
    /// Types whose inside is the library's.
    pub opaque: Vec<Item>,
}

pub struct Item {
    pub name: String,
    pub comment: Comment,
    /// As it stands in the header, without the comments inside.
    pub declaration: Vec<String>,
    /// The fields of a struct, the constants of an enum.
    pub members: Vec<Member>,
}

pub struct Member {
    pub declaration: String,
    pub comment: Comment,
}

pub fn parse(header: &str) -> Result<Declared> {
    let mut declared = Declared {
        intro: Vec::new(),
        functions: Vec::new(),
        types: Vec::new(),
        opaque: Vec::new(),
    };
    let mut lines = header.lines().peekable();
    if lines.next_if(|line| *line == "/*").is_some() {
        declared.intro = comment(&mut lines);
    }
    let mut pending = Comment::new();
    while let Some(line) = lines.next() {
        if line == "/**" {
            pending = comment(&mut lines);
        } else if line.starts_with("KA_API") {
            let declaration = statement(line, &mut lines);
            let name = declaration.join(" ");
            let name = name.split('(').next().and_then(|head| head.split([' ', '*']).next_back());
            let name = name.ok_or("a function without a name")?.to_string();
            let declaration = declaration.iter().map(|line| without_mark(line)).collect();
            let declaration = tidy(declaration);
            let comment = std::mem::take(&mut pending);
            declared.functions.push(Item { name, comment, declaration, members: Vec::new() });
        } else if line == "typedef struct {" {
            let (members, name) = members(&mut lines, "} ");
            let declaration = outline("typedef struct {", &members, &format!("}} {name};"));
            let comment = std::mem::take(&mut pending);
            declared.types.push(Item { name, comment, declaration, members });
        } else if let Some(name) = line.strip_prefix("enum ") {
            let (members, _) = members(&mut lines, "};");
            let declaration = outline(&format!("enum {name} {{"), &members, "};");
            let (name, comment) = (name.to_string(), std::mem::take(&mut pending));
            declared.types.push(Item { name, comment, declaration, members });
        } else if line.starts_with("typedef ") && !pending.is_empty() {
            let declaration = statement(line, &mut lines);
            let words = declaration.join(" ");
            let callback = words.split_once("(*").and_then(|(_, rest)| rest.split_once(')'));
            let (name, list) = match callback {
                Some((name, _)) => (name.to_string(), &mut declared.types),
                None => {
                    let name = words.trim_end_matches(';').split(' ').next_back();
                    (name.unwrap_or_default().to_string(), &mut declared.opaque)
                }
            };
            let comment = std::mem::take(&mut pending);
            list.push(Item { name, comment, declaration, members: Vec::new() });
        } else if !line.is_empty() {
            pending.clear();
        }
    }
    match declared.functions.is_empty() {
        true => Err("the header declares no function".to_string()),
        false => Ok(declared),
    }
}

/// The lines of a comment whose first was read.
fn comment<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Comment {
    lines
        .take_while(|line| line.trim() != "*/")
        .map(|line| {
            let line = line.trim_start();
            line.strip_prefix("* ").or(line.strip_prefix('*')).unwrap_or(line).to_string()
        })
        .collect()
}

/// A declaration up to its semicolon.
fn statement<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all = vec![first.to_string()];
    while all.last().is_some_and(|line| !line.ends_with(';')) {
        match lines.next() {
            Some(line) => all.push(line.to_string()),
            None => break,
        }
    }
    all
}

fn without_mark(line: &str) -> &str {
    line.strip_prefix("KA_API").map_or(line, str::trim_start)
}

/// Parameters in line with the first, which has moved with what stood before it.
fn tidy(declaration: Vec<&str>) -> Vec<String> {
    let lines: Vec<&str> = declaration.into_iter().filter(|line| !line.is_empty()).collect();
    let column = lines.first().and_then(|line| line.find('(')).map_or(0, |at| at + 1);
    let (first, rest) = lines.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let rest = rest.iter().map(|line| format!("{}{}", " ".repeat(column), line.trim()));
    std::iter::once(first.to_string()).chain(rest).collect()
}

/// What stands between braces, and the name behind them.
fn members<'a>(lines: &mut impl Iterator<Item = &'a str>, end: &str) -> (Vec<Member>, String) {
    let (mut members, mut pending) = (Vec::new(), Comment::new());
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(end) {
            return (members, name.trim_end_matches(';').to_string());
        }
        let line = line.trim();
        if line == "/**" {
            pending = comment(lines);
        } else if line.ends_with([';', ',']) {
            let comment = std::mem::take(&mut pending);
            members.push(Member { declaration: line.to_string(), comment });
        }
    }
    (members, String::new())
}

fn outline(first: &str, members: &[Member], last: &str) -> Vec<String> {
    let inside = members.iter().map(|member| format!("    {}", member.declaration));
    std::iter::once(first.to_string()).chain(inside).chain([last.to_string()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "/*\n * Head.\n *\n * End.\n */\n#ifndef X\n\n/**\n * Codes.\n */\nenum ka_status\n\
        #if defined(__cplusplus)\n  : int32_t\n#endif\n {\n    /**\n     * Good.\n     */\n    KA_OK = 0,\n};\n\
        #ifndef __cplusplus\ntypedef int32_t ka_status;\n#endif\n\n/**\n * Hidden.\n */\n\
        typedef struct ka_call ka_call;\n\n/**\n * A view.\n */\ntypedef struct {\n    /**\n     * First.\n     */\n\
        \x20   const char *ptr;\n    char name[KA_SIZE];\n} ka_str;\n\n/**\n * Reads.\n */\n\
        typedef ptrdiff_t (*ka_read_fn)(void *user_data, size_t capacity);\n\n/**\n * Does.\n * Errors: none.\n */\n\
        KA_API\nka_status ka_do(int a,\n                ka_error **error);\n\n/** \n */\nKA_API const char *ka_version(void);\n";

    #[test]
    fn everything_is_found_with_its_comment() {
        let declared = parse(HEADER).unwrap();
        assert_eq!(declared.intro, ["Head.", "", "End."]);
        let names = |items: &[Item]| -> Vec<String> {
            items.iter().map(|item| item.name.clone()).collect()
        };
        assert_eq!(names(&declared.functions), ["ka_do", "ka_version"]);
        assert_eq!(names(&declared.types), ["ka_status", "ka_str", "ka_read_fn"]);
        assert_eq!(names(&declared.opaque), ["ka_call"]);
        let done = &declared.functions[0];
        assert_eq!(done.comment, ["Does.", "Errors: none."]);
        assert_eq!(
            done.declaration,
            ["ka_status ka_do(int a,", "                ka_error **error);"]
        );
        assert_eq!(declared.functions[1].declaration, ["const char *ka_version(void);"]);
        let [status, view, _] = &declared.types[..] else { panic!() };
        assert_eq!(status.members[0].declaration, "KA_OK = 0,");
        assert_eq!(status.members[0].comment, ["Good."]);
        assert_eq!(view.comment, ["A view."]);
        assert_eq!(
            view.declaration,
            ["typedef struct {", "    const char *ptr;", "    char name[KA_SIZE];", "} ka_str;"]
        );
        assert!(parse("int x;\n").is_err());
    }
}
